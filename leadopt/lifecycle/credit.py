r"""Credit over time: what each rep is owed, double-entry, so that shares are fair over weeks and not within each act.

Each act that gives a lead out books, for each thing that is shared (leads, value, hot leads), what was received and who
was entitled to it:

.. math:: credit'_j = credit_j + e_j - received_j, \qquad \sum_j e_j = \sum_j received_j

so that credits of all reps and the house add up to what they added up to before. With a half-life of :math:`h`, all of
them halve in that time. A booking is taken back where it was not the rep's doing: a bad lead that a manager closed, a
copy, leave, leaving, mismatch, overload, a transfer. A refusal, a release and a recall keep it: giving back earns
nothing.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from math import prod

from leadopt.lifecycle.book import Book, Where
from leadopt.lifecycle.events import Assigned
from leadopt.lifecycle.records import HOUSE, Conduct, Credit, Ownership, Rep, RuleFile, Shares
from leadopt.lifecycle.rules.conduct import LEAST, MOST

_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class SharesText(Mapping[str, Mapping[str, float]]):
    """Shares that are kept as JSON text, and read where they are asked for; equal to the mapping that they are.

    Who was entitled to what of a lead names every rep, and is asked for when that is taken back. Read and written anew
    at each follow-up, it would be a tenth of what that takes.

    >>> SharesText('{"leads":{"R-1":0.5}}')["leads"], SharesText('{"leads":{"R-1":0.5}}') == {"leads": {"R-1": 0.5}}
    ({'R-1': 0.5}, True)
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, shares: Shares) -> "SharesText":
        """Return a mapping as text."""
        return cls(_text(shares))

    @cached_property
    def _read(self) -> Shares:
        found: Shares = json.loads(self.text)
        return found

    def __getitem__(self, of: str) -> Mapping[str, float]:
        return self._read[of]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SharesText):
            return self.text == other.text
        return bool(other) and self._read == other  # where there are none, there is no text

    __hash__ = None  # type: ignore[assignment]


def split(received: Mapping[str, float], weights: Mapping[str, float]) -> Shares:
    """Return who was entitled to what was received: in proportion to weights, adding up to it exactly as given."""
    total = sum(weights.values())
    if not total:
        return {}
    return {
        of: {rep: amount * weight / total for rep, weight in sorted(weights.items()) if weight}
        for of, amount in received.items()
        if amount
    }


def balance(book: Book, rep: str, of: str, at: int) -> float:
    """Return what a rep is owed at a moment, halved as often as half-lives have passed."""
    found = book.get(Credit, f"{rep}/{of}")
    return 0.0 if found is None else found.amount * _faded(book, found.at, at)


def factor(conduct: Iterable[Conduct], at: int) -> float:
    """Return by how much what is in force of a rep's conduct raises or lowers what the rep is entitled to."""
    return min(max(prod(one.entitlement for one in conduct if one.holds(at)), LEAST), MOST)


def book_assigned(book: Book, event: Assigned, at: int) -> None:
    """Book what an assignment gives, and to whom it had been due."""
    for of, shares in event.entitled.items():
        for rep, amount in shares.items():
            move(book, rep, of, amount, at, against=None)
    if event.entitled:
        for of, amount in event.received.items():
            move(book, event.rep, of, -amount, at, against=None)


def reverse(book: Book, ownership: Ownership, at: int) -> None:
    """Take back what was booked for an ownership, as much of it as has not faded."""
    _book_left(book, ownership, at, -1.0)


def book_again(book: Book, ownership: Ownership, at: int) -> None:
    """Undo `reverse`: as if it had not been, so that as much is booked as would be left by now."""
    _book_left(book, ownership, at, 1.0)


def _book_left(book: Book, ownership: Ownership, at: int, sign: float) -> None:
    """Book what is left by now of what was booked for an ownership, or take it back (-1)."""
    left = sign * _faded(book, ownership.since, at)
    for of, shares in ownership.entitled.items():
        for rep, amount in shares.items():
            move(book, _account(book, rep), of, amount * left, at, against=None)
    if ownership.entitled:
        for of, amount in ownership.received.items():
            move(book, _account(book, ownership.rep), of, -amount * left, at, against=None)


def leave(book: Book, rep: str, at: int) -> None:
    """Move what a rep who leaves is owed to the house."""
    for one in book.find(Credit, Where(rep=rep)):
        owed = balance(book, rep, one.of, at)
        move(book, rep, one.of, -owed, at)


def move(book: Book, rep: str, of: str, amount: float, at: int, *, against: str | None = HOUSE) -> None:
    """Add to what a rep is owed, against another account; None = the caller books the other side."""
    for account, signed in ((rep, amount), (against, -amount)):
        if account is not None:
            known = book.get(Credit, f"{account}/{of}")
            now = 0.0 if known is None else known.amount * _faded(book, known.at, at)
            book.put(Credit(rep=account, of=of, amount=now + signed, at=at))


def _account(book: Book, rep: str) -> str:
    """Return where a rep's credit stands: with the house once the rep has left."""
    found = book.get(Rep, rep)
    return HOUSE if found is None or found.left_at is not None else rep


def _faded(book: Book, since: int, at: int) -> float:
    """Return what is left of a credit: 2 to the power of minus the half-lives that have passed.

    Each stretch of time counts by the rules that were in force in it, so that all accounts fade alike, whenever each
    was last booked on, and their sum is conserved through a change of rules.
    """
    if at <= since:
        return 1.0
    changes = {one.starts_at for one in book.find(RuleFile, Where()) if since < one.starts_at < at}
    passed = 0.0
    for end in sorted({*changes, at}):
        half_life = book.rules_at(since).credit.half_life
        passed += 0.0 if half_life is None else (end - since) / half_life.microseconds
        since = end
    return float(2.0**-passed)
