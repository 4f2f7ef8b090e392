"""What a process knows of the records already: it holds as long as the log ends with the same hash.

A hash ties the end of the log to all before it, and the tables follow from the log; so where the log ends with the
hash that was seen, what was read then is still what the tables say, whoever else has written meanwhile.
"""

from typing import Any

from leadopt.lifecycle.book import KINDS
from leadopt.lifecycle.records import Record

MOST = 50_000  # records that are remembered; some 1 kB each


class Known:
    """Records by kind and key, and which groups of them are complete.

    Parameters
    ----------
    most
        how many are remembered

    Attributes
    ----------
    records
        kind -> key -> record, None = there is none
    groups
        (kind, id of the lead or rep) -> the keys of all its records
    whole
        the kinds all of whose records are here
    """

    __slots__ = ("_hash", "_most", "groups", "records", "whole")

    def __init__(self, most: int = MOST) -> None:
        self._hash: bytes | None = None
        self._most = most
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self.records: dict[type[Record], dict[str, Any]] = {kind: {} for kind in KINDS}
        self.groups: dict[tuple[type[Record], str], set[str]] = {}
        self.whole: set[type[Record]] = set()

    @property
    def is_full(self) -> bool:
        """Whether more is known than is to be remembered."""
        return sum(map(len, self.records.values())) > self._most

    def begin(self, end: bytes) -> None:
        """Go on from the end of the log as it is now: forget all if it is another one, or if it is too much."""
        if end != self._hash or self.is_full:
            self.forget()
        self._hash = end

    def soil(self) -> None:
        """Take note that what is known is ahead of the log until `keep` is called."""
        self._hash = None

    def keep(self, end: bytes) -> None:
        """Hold what is known for what follows from the log up to here."""
        self._hash = end
