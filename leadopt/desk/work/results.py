"""`Result` and `Results`: what a command is answered, in the user's own ids and tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, overload

from leadopt.desk.log.moments import in_zone, moment_of
from leadopt.desk.work.answers import CODES, DONE, UNCHANGED, Answer
from leadopt.desk.work.session import Snapshot
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a command.

    Parameters
    ----------
    id
        the lead or rep that it was about, as the user calls it
    code
        "done", "unchanged" (it was so already), "conflict" (somebody was faster, or a key was used for something else),
        "not_found" or "denied"
    reason
        of what is not done, for programs: "full", "cooling", "embargo", ...; "" else
    seq
        the first event that it made happen: `Desk.why` tells more; None = nothing happened
    sentence, remedy
        what happened or what stands in the way, and what mends that
    until
        when what stands in the way is over by itself, in UTC; None = it is not
    over
        the same by the clock of the desk, such as "Mon 2026-11-30 09:00"; "" = it is not
    """

    id: Id | None
    code: str
    reason: str = ""
    seq: int | None = None
    sentence: str = ""
    remedy: str = ""
    until: datetime | None = None
    over: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as the command asked for."""
        return self.code in (DONE, UNCHANGED)

    def __str__(self) -> str:
        remedy = f" Remedy: {self.remedy}" + ("" if self.remedy.endswith(("?", ".")) else ".") if self.remedy else ""
        over = f" Over by itself: {self.over}." if self.over else ""
        sentence = self.sentence + ("" if not remedy + over or self.sentence.endswith(("?", ".")) else ".")
        return f"{self.code}: {sentence}{remedy}{over}"


class Results(Sequence[Result]):
    """What came of a command for many leads: one `Result` for each row, in order.

    Parameters
    ----------
    results
        one for each row
    like
        the table of the command, whose kind `frame` is of; None = there was none
    column
        what the ids are called
    notes
        what somebody should know: which rules are off, how columns were read
    """

    def __init__(self, results: Sequence[Result], like: Table | None, column: str, notes: Sequence[str] = ()) -> None:
        self._results, self._like, self._column = tuple(results), like, column
        self.notes = tuple(notes)

    @overload
    def __getitem__(self, place: int) -> Result: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Result]: ...
    def __getitem__(self, place: int | slice) -> Result | Sequence[Result]:
        return self._results[place]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    @property
    def ok(self) -> bool:
        """Whether all is as the command asked for."""
        return all(one.ok for one in self._results)

    @property
    def refused(self) -> list[Result]:
        """Those that are not as the command asked for."""
        return [one for one in self._results if not one.ok]

    def summary(self) -> str:
        """Return how many there are of each code."""
        counts = Counter(one.code for one in self._results)
        told = ", ".join(f"{counts[code]:,} {code.replace('_', ' ')}" for code in CODES if counts[code])
        return f"{count(len(self), 'row')}: {told}." if told else "No rows."

    def frame(self) -> Any:
        """Return one row per result, as the kind of table that the command was given."""
        names = {one.name: self._column if one.name == "id" else one.name for one in fields(Result)}
        columns = {shown: [getattr(one, name) for one in self._results] for name, shown in names.items()}
        like = self._like if self._like is not None else Table([], "results")
        return like.build(columns, own=(self._column,))

    def __repr__(self) -> str:
        return f"<Results: {self.summary()}>"


def result_of(answer: Answer, snapshot: Snapshot, given: Id | None = None) -> Result:
    """Return an answer in the user's own ids; `given` is what the user called what nobody knows."""
    names, until = snapshot.names, None if answer.until is None else moment_of(answer.until)
    return Result(
        id=given if answer.subject is None else names.called(answer.subject),
        code=answer.code,
        reason=answer.reason,
        seq=answer.seq,
        sentence=names.told(answer.sentence),
        remedy=names.told(answer.remedy),
        until=until,
        over="" if until is None else in_zone(until, snapshot.zone),
    )
