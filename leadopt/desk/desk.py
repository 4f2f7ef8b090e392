"""`Desk`: every lead, every promise and every reason, in a file that survives."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import sqlalchemy as sa

from leadopt.desk import erasing, rebuilding, runs
from leadopt.desk.asking.asking import Who, check_who
from leadopt.desk.asking.claiming import Claiming
from leadopt.desk.asking.importing import Importing
from leadopt.desk.asking.managing import Managing
from leadopt.desk.asking.planning import Planning
from leadopt.desk.asking.reporting import Reporting
from leadopt.desk.asking.running_it import RunningIt
from leadopt.desk.log import store
from leadopt.desk.log import verify as verifying
from leadopt.desk.log.checkpoint import Checkpoint
from leadopt.desk.log.moments import Clock, microseconds, moment_of, system_clock
from leadopt.desk.opening import open_core
from leadopt.desk.showing.figuring import Figuring
from leadopt.desk.showing.viewing import Past, Viewing, unknown
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Worths
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy


class Desk(Reporting, Claiming, Planning, Managing, RunningIt, Importing, Viewing, Figuring):
    """A desk: commands and views over one file. `Desk.open` opens one; safe to use from many threads and processes.

    Examples
    --------
    >>> import tempfile
    >>> from leadopt.desk.desk import Desk
    >>> file = f"sqlite:///{tempfile.mkdtemp()}/desk.db"
    >>> desk = Desk.open(file, rules={"time": {"zone": "Europe/Berlin"}}, rng=0)
    >>> reps = desk.reps([{"rep_id": "Ann", "max_open": 5}])
    >>> print(desk.receive({"lead_id": 17})[0])
    done: Lead 17 came in.
    >>> print(desk.place()[0])
    done: Lead 17 goes to Ann, as it is worth most there now.
    >>> desk.lead(17).owner
    'Ann'
    >>> desk.close()
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    @classmethod
    def open(
        cls,
        url: str | sa.URL,
        *,
        policy: Policy | None = None,
        rules: Rules | Mapping[str, Any] | str | Path | None = None,
        clock: Clock = system_clock,
        rng: int | np.random.Generator | None = None,
        worths: Callable[[Policy], Worths] | None = None,
        learn_every: timedelta | None = None,
        most_behind: timedelta | None = None,
    ) -> Self:
        """Open a desk, made if it is not there.

        Parameters
        ----------
        url
            such as ``sqlite:///desk.db``
        policy
            put into force if another one is; None = the one in force, of a new desk `Policy()`
        rules
            the same; `Rules`, plain data, or a TOML file. A new desk needs them: they name the time zone
        clock
            says what time it is, with a time zone; where it is behind the log's last event (`last_moment`), that is now
        rng
            seed or generator of random ids; None = from the system's chance
        worths
            makes of a policy what leads are worth with whom; None = as is learned from what has happened here
        learn_every
            how old what was learned may be before a plan learns anew, such as ``timedelta(days=7)``; None = no older
            than the last outcome
        most_behind
            refuse a clock that is so far behind the log's end, or farther; None = none is refused

        Raises
        ------
        InvalidInput
            this is no file of SQLite, policy or rules are none, or the clock has no time zone or is too far behind
        StorageFailed
            the file cannot be opened, is no desk, or was written by a newer leadopt
        """
        return cls(
            open_core(
                url,
                policy=policy,
                rules=rules,
                clock=clock,
                rng=rng,
                worths=worths,
                learn_every=learn_every,
                most_behind=most_behind,
            )
        )

    def close(self) -> None:
        """Let who writes be answered, and close the file."""
        self._core.close()

    def __repr__(self) -> str:
        """Return which desk it is: its database, without a password."""
        return f"<Desk: {self._core.engine.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run_due(self) -> Any:
        """Let happen what is due: reminders, escalations, recalls, ends of reviews and of parking, absences, the day.

        All that a scheduler must call, as often as it likes; nothing fires twice. After a gap between runs of more than
        a day and the time of a reminder, nobody is recalled before being reminded. What is taken back in one run goes
        to others by one solution.

        Returns
        -------
        Listing
            what happened, in order
        """
        return runs.run_due(self._core)

    def ack(self, messages: str | Iterable[str]) -> int:
        """Take note that messages were sent, so that `messages` has them no more; return how many that is news of."""
        from leadopt.desk.outbox import ack

        several = isinstance(messages, Iterable) and not isinstance(messages, str)
        return ack(self._core, list(messages) if several else [str(messages)])

    # ---- the log

    def at(self, moment: datetime) -> Past:
        """Return the desk as it was at a moment, for what is asked of one lead: ``desk.at(moment).lead(id)``."""
        return Past(self._core, microseconds(moment, "moment"))

    def checkpoint(self) -> Checkpoint:
        """Return where the log ends, as a line to keep elsewhere: it shows `verify` what was cut or hashed anew."""
        with self._core.read() as snapshot:
            return store.checkpoint(snapshot.connection)

    def last_moment(self) -> datetime:
        """Return the moment of the log's last event: where the clock is behind it, that is now, as no log goes back."""
        with self._core.read() as snapshot:
            return moment_of(store.head(snapshot.connection).at)

    def verify(self, checkpoint: Checkpoint | str | None = None, *, whole: bool = False) -> verifying.Verified:
        """Check the log: all of it, or from a checkpoint on; see `leadopt.desk.log.verify.verify`."""
        known = Checkpoint.parse(checkpoint) if isinstance(checkpoint, str) else checkpoint
        with self._core.read() as snapshot:
            return verifying.verify(snapshot.connection, known, whole=whole)

    def rebuild(self) -> rebuilding.Rebuilt:
        """Drop all tables that follow from the log and make them anew; say where they had been otherwise."""
        return rebuilding.rebuild(self._core)

    # ---- personal data

    def erase(self, lead: Any, *, by: Any = None, role: str | None = None, feed: str | None = None) -> Result:
        """Erase what tells whose a lead was, and its copies: no byte of it stays in the file, and the log stays whole.

        Parameters
        ----------
        lead
            an id
        by, role, feed
            as of all commands
        """
        who = Who(by=by, role=role, feed=feed)
        check_who(who)
        return erasing.erase(self._core, lead, who)

    def export(self, lead: Any, *, feed: str | None = None) -> str:
        """Return all that is known of the person behind a lead, as JSON."""
        with self._core.read() as snapshot:
            try:
                return erasing.export(snapshot, snapshot.survivor(snapshot.names.lead(lead, feed).id))
            except Denied as denied:
                raise unknown(denied) from None
