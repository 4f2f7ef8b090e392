"""Reps, and limits without room, in words."""

from leadopt.arrays import Ints
from leadopt.decision.case import Case
from leadopt.errors import enumerate_some
from leadopt.plans.why_unassigned.barriers import Pool, Way, Ways


def names_of(case: Case, reps: Ints, last: str) -> str:
    """Return reps in a sentence, with a word before the last one; of many the first three and how many more."""
    if len(reps) > 4:
        return enumerate_some([case.rep_ids[rep] for rep in reps[:3].tolist()], 3, of=len(reps))
    names = [str(case.rep_ids[rep]) for rep in reps]
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nobody"


def limits_at(pool: Pool, ways: Ways, reps: Ints) -> str:
    """Return what limits have no room at some reps, in words."""
    return enumerate_some([pool.answer.limit_names[k] for k in ways.barriers.limits_at(reps)], 3)


def loosen(pool: Pool, way: Way) -> str:
    """Return what would let a lead go a way, in words."""
    names = enumerate_some([pool.answer.limit_names[k] for k in way.short], 3)
    slot = f"one more slot for {pool.case.rep_ids[way.rep]}" if way.full else ""
    return " and ".join(filter(None, [slot, f"loosen {names}" if names else ""]))
