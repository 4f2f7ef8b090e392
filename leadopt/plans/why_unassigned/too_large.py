"""What a lead takes of something of which a rep has less, whoever else is there."""

from dataclasses import dataclass

from leadopt.decision.answered import Answered
from leadopt.problem.limit_kinds import LimitKind
from leadopt.tables.text import number


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Need:
    """What a lead takes, with all who stay together with it.

    Parameters
    ----------
    beyond
        how much more than there is; 0 or less where it fits
    takes, has
        what it takes, and what there is
    name
        of the limit; empty = the rep's hours
    rep
        index of the rep
    """

    beyond: float
    takes: float
    has: float
    name: str
    rep: int

    def of(self, rep_id: object) -> str:
        """Return it in words: ``takes 3 of hours of Ann, which allows 1``."""
        name = self.name or f"hours of {rep_id}"
        return f"takes {number(self.takes)} of {name}, which allows {number(self.has)}"


def need_of(answer: Answered, lead: int, rep: int, counts: bool = False) -> Need:
    """Return what a lead takes of a rep beyond what there is at all, of the limit where that is most.

    `counts`: of slots and limits that count leads, too, of which leads that stay together may take more than there is.
    """
    case, limits, around = answer.case, answer.case.problem.limits, answer.limits_of_reps[rep]
    timed = {k for k in around if limits[k].kind is LimitKind.HOURS}
    sizes = [
        Need(
            beyond=takes - limits[k].upper,
            takes=takes,
            has=limits[k].upper,
            name="" if k in timed else answer.limit_names[k],
            rep=rep,
        )
        for k, takes in case.limits_around(lead, rep, around).items()
        if limits[k].penalty is None and (counts or k in timed or not limits[k].counts_leads)
    ]
    if counts:
        takes, has = float(len(case.members(lead))), float(case.problem.capacity[rep])
        sizes.append(Need(beyond=takes - has, takes=takes, has=has, name=f"capacity of {case.rep_ids[rep]}", rep=rep))
    if case.hours is not None and not timed:  # plans of earlier versions say the same by slots, where leads are alike
        takes, has = float(case.hours.effort[lead] * case.hours.pace[rep]), float(case.hours.left[rep])
        sizes.append(Need(beyond=takes - has, takes=takes, has=has, name="", rep=rep))
    return max(sizes, default=Need(beyond=0.0, takes=0.0, has=0.0, name="", rep=rep))
