r"""Conduct: figures of each rep over the last 30 days, and the rewards and restrictions that rules tie to them.

With :math:`k` of :math:`n` first follow-ups on time, and :math:`p` the share of the whole team, the share on time of a
rep is the mean of its posterior under a Beta prior worth :math:`m = 20` leads at the team's share:

.. math:: \frac{k + m p}{n + m}

so that 1 of 2 is not 50%. Won to expected is the ratio of two rates that are shrunk alike, those of wins and of chances
per ended ownership: hard leads are no punishment, and few leads say little.

These figures rate people. They go to managers and to the person alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Where
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.due import deadline, timing
from leadopt.lifecycle.records import Conduct, Lead, Ownership, Rep
from leadopt.lifecycle.rules.conduct import RestrictRules, RewardRules, ends, holds
from leadopt.lifecycle.stages import HELD, Stage, Via

WINDOW = Duration(30, "days")
NOTICE = Duration(2, "working days")
PRIOR = 20.0  # leads: half of it, and 4 of 10 on time where the team has 80% would read 60% in place of 67%
_DAY = 24 * 3600 * 1_000_000

Rule = RewardRules | RestrictRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a rep did in the last 30 days, counted.

    Parameters
    ----------
    n
        leads owned in that time
    due, on_time
        first follow-ups that were due in it, and those of them that were done by then
    ended, won, expected
        ownerships that ended in it with a known chance, wins among them, and the sum of their chances
    complaints
        of leads owned in it
    overdue
        follow-ups that are overdue now
    """

    n: int = 0
    due: int = 0
    on_time: int = 0
    ended: int = 0
    won: int = 0
    expected: float = 0.0
    complaints: int = 0
    overdue: int = 0


def counts(book: Book, rep: str, at: int) -> Counts:
    """Return what a rep did in the 30 days up to a moment.

    Left out is what was never or not for long the rep's to do: what was undone, copies, and what was taken off the rep
    for no doing of the rep's, whose booking was taken back.
    """
    since = book.rules_at(at).calendar.subtract(at, WINDOW)
    owned = [one for one in book.find(Ownership, Where(rep=rep, since=since)) if not _never_was(one)]
    mine = [one for one in owned if not one.reversed]
    due = [
        one for one in mine if (by := _first_due(book, one, at)) is not None and since < by <= at and _judged(one, by)
    ]
    ended = [one for one in mine if one.until is not None and one.chance is not None]
    return Counts(
        n=len(mine),
        due=len(due),
        on_time=sum(_on_time(one, _first_due(book, one, at)) for one in due),
        ended=len(ended),
        won=sum(one.outcome == Stage.WON for one in ended),
        expected=sum(one.chance or 0.0 for one in ended),
        complaints=sum(one.complaints for one in owned),
        overdue=overdue(book, rep, at),
    )


def overdue(book: Book, rep: str, at: int) -> int:
    """Return how many leads of a rep wait for a follow-up that had been due before a moment."""
    held = (lead for stage in sorted(HELD) for lead in book.find(Lead, Where(owner=rep, stage=stage)))
    dues = (deadline(lead, timing(book, lead, at)) for lead in held)
    return sum(by is not None and by < at for by in dues)


def figures(one: Counts, team: Counts) -> dict[str, float]:
    """Return the figures that rules compare: rates shrunk towards those of the team, and counts as they are."""
    return {
        "n": one.n,
        "on_time": _shrunk(one.on_time, one.due, _rate(team.on_time, team.due, 1.0)),
        "won_to_expected": _won_to_expected(one, team),
        "complaints": one.complaints,
        "overdue": one.overdue,
    }


def review(draft: Draft) -> None:
    """Announce what rules reward and restrict, and end what is no longer so: at the first run of a day."""
    rules: list[tuple[str, Rule]] = [("reward", rule) for rule in draft.rules.reward]
    rules += [("restrict", rule) for rule in draft.rules.restrict]
    standing = [one for one in draft.book.find(Conduct, Where()) if one.ended_at is None]
    if not rules and not standing:
        return
    reps = draft.reps()
    counted = {rep.id: counts(draft.book, rep.id, draft.at) for rep in reps}
    team = together(counted.values())
    for rep in reps:
        own, mine = counted[rep.id], figures(counted[rep.id], team)
        in_force = {one.rule: one for one in standing if one.rep == rep.id}
        for kind, rule in rules:
            _decide(draft, rep, kind, rule, own, mine, in_force.pop(rule.words, None))
        for left in in_force.values():  # of rules that are there no more
            draft.emit(events.ConductEnded(rep=rep.id, rule=left.rule, figures=mine))


def together(several: Iterable[Counts]) -> Counts:
    """Return what all reps did together."""
    all_ = list(several)
    return Counts(**{name: sum(getattr(one, name) for one in all_) for name in Counts.__dataclass_fields__})


def in_ramp(rep: Rep, at: int, days: float) -> bool:
    """Return whether a rep is a newcomer in ramp, for whom no conduct counts: hired less than so many days ago."""
    return rep.hired_on is not None and at - rep.hired_on < days * _DAY


def _decide(
    draft: Draft,
    rep: Rep,
    kind: str,
    rule: Rule,
    own: Counts,
    mine: Mapping[str, float],
    standing: Conduct | None,
) -> None:
    """Announce a rule's effect on a rep, or end it."""
    exempt = in_ramp(rep, draft.at, draft.worths.ramp_days)
    if standing is not None:
        if exempt or ends(rule, mine) or standing.kind != kind:
            draft.emit(events.ConductEnded(rep=rep.id, rule=rule.words, figures=mine))
    elif not exempt and _has_shown(rule, own) and holds(rule, mine) and not ends(rule, mine):
        draft.emit(_announced(draft, rep, kind, rule, mine))


_SHOWN_BY = {"on_time": "due", "won_to_expected": "ended"}


def _has_shown(rule: Rule, own: Counts) -> bool:
    """Return whether a rep has done anything that the rates of a rule tell of: the team's rate alone earns nothing."""
    return all(getattr(own, _SHOWN_BY[figure]) for figure in rule.when.columns if figure in _SHOWN_BY)


def _announced(draft: Draft, rep: Rep, kind: str, rule: Rule, mine: Mapping[str, float]) -> events.ConductSet:
    then = rule.then
    return events.ConductSet(
        rep=rep.id,
        rule=rule.words,
        effect=kind,
        starts_at=draft.calendar.add(draft.at, NOTICE),
        entitlement=1.0 if then.entitlement is None else float(then.entitlement),
        claims_per_day=then.claims_per_day,
        no_new_leads=getattr(then, "new_leads", None) is False,
        figures=dict(mine),
        until=None if rule.until is None else str(rule.until),
    )


def _never_was(one: Ownership) -> bool:
    """Return whether an ownership is undone, of a copy, or of another system, where it ended."""
    return one.exit in ("undone", "merged") or (one.via == Via.IMPORT and one.until == one.since)


def _judged(one: Ownership, by: int) -> bool:
    """Return whether a first follow-up tells something: the rep did it, or had the lead until it was due."""
    taken_over = one.via == Via.IMPORT and one.first_at == one.since
    return not taken_over and (one.first_at is not None or one.until is None or one.until >= by)


def _on_time(one: Ownership, by: int | None) -> bool:
    return one.first_at is not None and by is not None and one.first_at <= by


def _first_due(book: Book, one: Ownership, at: int) -> int | None:
    """Return when the first follow-up of an ownership is or was due."""
    if one.first_due is not None or one.until is not None:
        return one.first_due
    lead = book.get(Lead, one.lead)
    return None if lead is None or lead.first_at is not None else deadline(lead, timing(book, lead, at))


def _rate(part: float, whole: float, otherwise: float) -> float:
    return part / whole if whole else otherwise


def _shrunk(part: float, whole: float, prior: float) -> float:
    return (part + PRIOR * prior) / (whole + PRIOR)


def _won_to_expected(one: Counts, team: Counts) -> float:
    if not team.expected:
        return 1.0
    expected = _shrunk(one.expected, one.ended, _rate(team.expected, team.ended, 0.0))
    return _shrunk(one.won, one.ended, _rate(team.won, team.ended, 0.0)) / expected
