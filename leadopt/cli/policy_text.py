"""Lines of TOML: names and words quoted where they must be, and switched off as comments."""

import json
import re
import textwrap
from collections.abc import Iterable, Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 118


def quoted(text: str) -> str:
    r"""Return text as TOML writes it.

    >>> quoted('Max. "Leads"'), quoted("a\tb")
    ('"Max. \\"Leads\\""', '"a\\tb"')
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """Return a name as the key of a setting.

    >>> key("rep_id"), key("Max. Leads")
    ('rep_id', '"Max. Leads"')
    """
    return name if _BARE.fullmatch(name) else quoted(name)


def listed(words: Iterable[str]) -> str:
    """Return a list of words.

    >>> listed(["web", "fair"])
    '["web", "fair"]'
    """
    return f"[{', '.join(map(quoted, words))}]"


def table(name: str, settings: Mapping[str, str], remarks: Mapping[str, str] | None = None) -> list[str]:
    """Return the lines of a table whose settings are written already, with a remark behind some."""
    lines = {setting: f"{key(setting)} = {value}" for setting, value in settings.items()}
    width = min(40, max(map(len, lines.values()), default=0))
    told = remarks or {}
    return [f"[{name}]"] + [
        f"{line:{width}}  # {told[setting]}" if setting in told else line for setting, line in lines.items()
    ]


def off(text: str) -> list[str]:
    """Return lines as comments, which switches them off; those that are comments stay so."""
    return [line if line.startswith("#") else f"# {line}".rstrip() for line in text.splitlines()]


def comment(sentence: str) -> list[str]:
    """Return a sentence as comments, broken to a readable width."""
    return textwrap.wrap(
        " ".join(sentence.split()), _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )
