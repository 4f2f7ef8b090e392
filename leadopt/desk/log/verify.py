"""Whether a log is what was written: every hash, every link, and a checkpoint that was kept elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import sqlalchemy as sa

from leadopt.desk.log import store
from leadopt.desk.log.checkpoint import Checkpoint
from leadopt.desk.log.records import EMPTY, Head, Record, digest, head_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a check of the log has found.

    Parameters
    ----------
    first, last
        the seqs of the first and the last record that was checked and is right; last < first: none was
    bad
        the first seq where something is wrong; None = nothing is
    why
        what is wrong there, in a sentence
    checkpoint
        what the log was held against; None = nothing
    """

    first: int
    last: int
    bad: int | None = None
    why: str = ""
    checkpoint: Checkpoint | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.bad is None

    @property
    def n_records(self) -> int:
        """How many records were checked and are right."""
        return max(0, self.last - self.first + 1)

    @property
    def protected(self) -> int:
        """The last seq that the checkpoint vouches for; 0 = it vouches for none, or there is none."""
        reached = self.checkpoint is not None and self.last >= self.checkpoint.seq
        return self.checkpoint.seq if self.checkpoint and reached else 0

    def __str__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """Return what was found in a few sentences."""
        found = "" if self.ok else f"Record {self.bad:,} is wrong: {self.why}. "
        return f"{found}{self._checked()} {self._vouched()}"

    def _checked(self) -> str:
        if not self.n_records:
            return "No record is known to be right." if self.bad else "The log has no records yet."
        some = (
            f"record {self.first:,} is" if self.first == self.last else f"records {self.first:,} to {self.last:,} are"
        )
        return f"{self.n_records:,} checked: {some} as written, by their own hashes."

    def _vouched(self) -> str:
        if not self.protected:
            return "No checkpoint vouches for them: who can write the file can hash all of it anew, or cut its end."
        unread = "" if self.first == 1 else f", of which 1 to {self.first - 1:,} were not read"
        later = "; who can write the file can hash anew what came later, or cut it"
        return f"The checkpoint vouches for records 1 to {self.protected:,}{unread}{later}."


def verify(connection: sa.Connection, checkpoint: Checkpoint | None = None, *, whole: bool = False) -> Verified:
    """Check the log; without a checkpoint all of it, else the record of the checkpoint and all after it.

    A record is right if its seq follows, its moment is not before the last, its `prev` is the hash before it and its
    hash is that of what it holds. So whatever was changed, dropped, inserted or swapped is found at the first such
    record or the next. Who hashed anew from there on is found against a checkpoint that was kept elsewhere, if that is
    of a record so hashed; likewise who cut the end, up to the checkpoint.

    Parameters
    ----------
    connection
        one that reads
    checkpoint
        what `leadopt.desk.log.store.checkpoint` once printed; None = there is none
    whole
        check what is before the checkpoint as well

    Notes
    -----
    About 5 microseconds a record, in memory for a thousand records.
    """
    first = 1 if checkpoint is None or whole else max(checkpoint.seq, 1)
    with _any_bytes(connection):
        found = _checked(connection, first, checkpoint)
    if found.ok and checkpoint is not None and found.last < checkpoint.seq:
        end = store.head(connection).seq
        why = f"the log ends with {end:,}, but the checkpoint is of record {checkpoint.seq:,}: its end was cut"
        return replace(found, bad=end + 1, why=why)
    return found


def _checked(connection: sa.Connection, first: int, checkpoint: Checkpoint | None) -> Verified:
    # What was before the first record is told by that record alone, if a check begins in the middle.
    before, known = EMPTY, first == 1
    for record in store.read(connection, after=first - 1):
        before = before if known else Head(first - 1, record.prev, record.at)
        known = True
        if why := wrong(before, record) or _against(record, checkpoint):
            return Verified(first=first, last=before.seq, bad=before.seq + 1, why=why, checkpoint=checkpoint)
        before = head_after(before, [record])
    return Verified(first=first, last=before.seq if known else first - 1, checkpoint=checkpoint)


def wrong(before: Head, record: Record) -> str:
    """Return what is wrong with a record that comes after a head; "" = nothing."""
    seq, prev, at = before
    if record.seq != seq + 1:
        return f"it is not there, the next one is {record.seq:,}: records were dropped"
    if record.prev != prev:
        return "it does not follow from the record before: that one was changed, or this one put in its place"
    try:
        if digest(record.prev, *record[:-2]) != record.hash:
            return "what it holds is not what was hashed: it was changed"
    except (TypeError, ValueError):  # bytes in place of text, or such as are no text
        return "it holds a value of a kind that is never written: it was changed"
    return f"its moment is before that of record {seq:,}" if record.at < at else ""


def _against(record: Record, checkpoint: Checkpoint | None) -> str:
    if checkpoint is None or record.seq != checkpoint.seq or record.hash == checkpoint.hash:
        return ""
    return "its hash is not that of the checkpoint: the log was hashed anew from here or before"


@contextmanager
def _any_bytes(connection: sa.Connection) -> Iterator[None]:
    """Read text that is no longer UTF-8 as well, which the driver would stop at without saying where."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    usual, driver.text_factory = driver.text_factory, lambda read: read.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = usual
