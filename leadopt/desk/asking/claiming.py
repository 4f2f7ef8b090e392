"""What reps do with their own leads and pools: claim, refuse, release."""

from typing import Any

from leadopt.desk.asking.asking import Ask, Who, ask, code, text
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results
from leadopt.lifecycle import commands
from leadopt.lifecycle.commands import REP

CLAIM = Ask(name="claim", command=commands.Claim, role=REP, reps_column="by")
REFUSE = Ask(name="refuse", command=commands.Refuse, role=REP, fields={"reason": code}, reps_column="by")
RELEASE = Ask(
    name="release", command=commands.Release, role=REP, fields={"reason": code, "pool": text}, reps_column="by"
)


class Claiming:
    """What reps do; each command may be of one lead, of several, or of a table with a row for each."""

    _core: Core

    def claim(
        self, lead: Any, *, by: Any = None, key: str | None = None, expect: int | None = None, feed: str | None = None
    ) -> Result | Results:
        """Take a lead out of a pool: for a member, once its embargo is over, with room and claims left today.

        Parameters
        ----------
        lead
            an id, several, or a table with `lead_id` and perhaps `rep_id`
        by
            the rep
        key, expect, feed
            as of all commands
        """
        return ask(self._core, CLAIM, lead, {}, Who(by=by, key=key, expect=expect, feed=feed))

    def refuse(
        self,
        lead: Any,
        *,
        reason: str,
        by: Any = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Turn a lead down before the first follow-up, by a coded reason; it never comes back to that rep."""
        return ask(self._core, REFUSE, lead, {"reason": reason}, Who(by=by, key=key, expect=expect, feed=feed))

    def release(
        self,
        lead: Any,
        *,
        reason: str,
        pool: str | None = None,
        by: Any = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Give a lead back, by a coded reason, to one of the rep's pools (None = the one that the rules name)."""
        given = {"reason": reason, "pool": pool}
        return ask(self._core, RELEASE, lead, given, Who(by=by, key=key, expect=expect, feed=feed))
