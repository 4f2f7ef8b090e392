"""Fields that are hidden from reps until they have claimed a lead."""

from collections.abc import Iterable, Mapping
from typing import Any

from leadopt.desk.people.contacts import MAIL, PHONE

HIDDEN = "hidden"
_SAME: Mapping[str, tuple[str, ...]] = {"email": MAIL, "mail": MAIL, "phone": PHONE}


def masked(data: Mapping[str, Any], hide: Iterable[str]) -> dict[str, Any]:
    """Return columns with "hidden" in place of what a word of the rules hides: columns whose name holds that word.

    >>> masked({"E-Mail": "a@b.de", "company_name": "Acme", "industry": "steel"}, ("email", "name"))
    {'E-Mail': 'hidden', 'company_name': 'hidden', 'industry': 'steel'}
    """
    words = {same for word in hide for same in (_plain(word), *_SAME.get(_plain(word), ()))}
    return {
        name: HIDDEN if value is not None and any(word in _plain(name) for word in words) else value
        for name, value in data.items()
    }


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
