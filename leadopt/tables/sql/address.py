"""Where a table is: a database's URL, with the name of a table or a query in it, and no password in any message."""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import unquote, unquote_plus

from leadopt.errors import InvalidInput

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*://")
_OURS = re.compile(r"[?&](table|query)=", re.IGNORECASE)
_LOGIN = re.compile(r"(?P<before>^[\w+.-]+://[^:/?]*:)(?P<password>.*)(?P<after>@[^@]*$)", re.DOTALL)
_SECRET = re.compile(r"((?:password|passwd|pwd|token|secret)\s*=\s*)[^&\s;]+", re.IGNORECASE)
_HIDDEN = "***"
EXAMPLE = "sqlite:///crm.db?table=leads, or ...?query=select ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A table in a database, or the answer to a query there.

    Parameters
    ----------
    url
        the database, without table and query: what a driver is given, password and all; shown nowhere
    table
        a table or view, perhaps with its schema before a dot; None = a query is given, or neither
    query
        one statement that returns rows
    """

    url: str = field(repr=False)
    table: str | None = None
    query: str | None = None

    @classmethod
    def of(cls, text: str) -> "Address":
        """Return the address that a text spells.

        A table or query with a blank in it is taken as it stands, a query to the end of the text; without one it is
        decoded as in any URL (%20 is a blank). So SQL is written as usual, and what a program has encoded works too.

        Raises
        ------
        InvalidInput
            both table and query, an empty one, or a login that cannot be told from the host

        Examples
        --------
        >>> Address.of("sqlite:///crm.db?query=select * from leads where note like '%20%'").query
        "select * from leads where note like '%20%'"
        >>> Address.of("sqlite:///crm.db?table=Open%20leads&timeout=5").table
        'Open leads'
        """
        found = _OURS.search(text)
        if found is None:
            return cls(url=_checked(text))
        name, value, base = found.group(1).lower(), text[found.end() :], text[: found.start()]
        raw = any(map(str.isspace, value.split("&")[0] if name == "table" else value))
        value, _, more = (value, "", "") if raw and name == "query" else value.partition("&")
        address = cls(url=_checked(_with_parameters(base, more)))
        if another := _OURS.search(f"&{more}"):
            address.refuse(f"takes one table or one query; found {name} and {another.group(1).lower()}")
        plain = value if raw else unquote_plus(value) if name == "query" else unquote(value)
        if not plain.strip():
            address.refuse(f"names an empty {name}; write {EXAMPLE}")
        if name == "query":
            return cls(url=address.url, query=plain.strip().rstrip(";"))
        return cls(url=address.url, table=plain.strip())

    @property
    def scheme(self) -> str:
        """What the URL begins with, such as "sqlite" or "postgresql+psycopg"."""
        return self.url.partition("://")[0].lower()

    @property
    def shown(self) -> str:
        """The address for people: its password is hidden, its query left out."""
        url = _SECRET.sub(rf"\1{_HIDDEN}", _without_password(self.url))
        separator = "&" if "?" in url else "?"
        return url if self.table is None else f"{url}{separator}table={self.table}"

    def refuse(self, rule: str) -> NoReturn:
        """Raise `InvalidInput` with the address in front."""
        raise InvalidInput(f"{self.shown}: {self.without_secrets(rule)}") from None

    def without_secrets(self, text: str) -> str:
        """Return a message in one line without what may be the password."""
        text = _SECRET.sub(rf"\1{_HIDDEN}", " ".join(text.split()))
        login = _LOGIN.match(self.url)
        password = login["password"] if login else ""
        for secret in {password, unquote(password)} - {""}:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", lambda _: _HIDDEN, text)
        return text


def is_database(data: object) -> bool:
    """Return whether this is the URL of a database, as text.

    >>> is_database("sqlite:///crm.db?table=leads"), is_database("leads.csv")
    (True, False)
    """
    return isinstance(data, str) and _SCHEME.match(data) is not None


def _without_password(url: str) -> str:
    return _LOGIN.sub(rf"\g<before>{_HIDDEN}\g<after>", url)


def _with_parameters(base: str, more: str) -> str:
    if not more:
        return base
    return f"{base}{'&' if '?' in base else '?'}{more}"


def _checked(url: str) -> str:
    login = _LOGIN.match(url)
    if login and re.search(r"[@/?#]", login["password"]):
        raise InvalidInput(
            f"{_without_password(url)}: a user or password with one of @ / ? # in it must be percent-encoded: "
            "%40 %2F %3F %23"
        )
    return url
