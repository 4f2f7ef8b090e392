"""Why a rep does not get a lead now: one list of guards, which every route goes through."""

from collections.abc import Iterable, Iterator

from leadopt.lifecycle.book import Book, Where
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.records import Absence, Conduct, Lead, Rep
from leadopt.lifecycle.rules import Rules

FOR_EVER = ("left", "refused", "complained")  # an override passes none of these, nor an absence
BARS = (*FOR_EVER, "cooling")  # these are about this lead and this rep, or the rep for good; the others pass by


def why_not(draft: Draft, lead: Lead, rep: Rep, *, override: bool = False) -> Denied | None:
    """Return the first reason for which a rep does not get a lead now; None = nothing stands in the way.

    An override passes cool-offs, caps and restrictions, never a refusal, a complaint, an absence or leaving.
    Eligibility is not looked at here: only pairs that `Worths.offers` names come so far.
    """
    reasons = _reasons(draft, lead, rep, draft.at)
    return next((one for one in reasons if not override or one.code in _HARD), None)


_HARD = (*FOR_EVER, "absent")


def _reasons(draft: Draft, lead: Lead, rep: Rep, at: int) -> Iterator[Denied]:
    name, place = rep.id, lead.id
    if rep.left_at is not None:
        yield Denied("left", f"rep {name!r} has left", "name a rep who is here")
    if name in lead.refused_by:
        yield Denied("refused", f"rep {name!r} refused lead {place!r}", "a manager lifts the bar")
    if name in lead.complained_of:
        yield Denied("complained", f"the customer of lead {place!r} complained of {name!r}", "a manager lifts the bar")
    away = _last_covering(draft.absences(name), at)
    if away is not None:
        yield Denied("absent", f"rep {name!r} is away", "name a rep who is here", away.end)
    until = lead.cooling.get(name)
    if until is not None and until > at:
        yield Denied("cooling", f"rep {name!r} had lead {place!r} and cools off", "wait, or name another rep", until)
    if not all(one.new_leads for one in draft.conduct(name) if one.holds(at)):
        yield Denied("restricted", f"rep {name!r} gets no new leads for now", "what lifts it is in the rep's page")
    yield from _no_room(draft.rules, rep, at)


def _no_room(rules: Rules, rep: Rep, at: int) -> Iterator[Denied]:
    most = most_open(rules, rep)
    if most is not None and rep.open + rep.kept >= most:
        yield Denied("full", f"rep {rep.id!r} has {rep.open + rep.kept} of {most} open leads", "end one of them first")
    received = 0 if rules.caps.per_day is None else rep.on(str(rules.calendar.day(at)))[0]
    if rules.caps.per_day is not None and received >= rules.caps.per_day:
        tomorrow = rules.calendar.next_midnight(at)
        sentence = f"rep {rep.id!r} received {received} of {rules.caps.per_day} leads today"
        yield Denied("day_full", sentence, "wait until tomorrow", tomorrow)


def absence_at(book: Book, rep: str, at: int) -> Absence | None:
    """Return the absence in which a rep is at a moment: of several, the one that ends last."""
    return _last_covering(book.find(Absence, Where(rep=rep)), at)


def _last_covering(absences: Iterable[Absence], at: int) -> Absence | None:
    return max((one for one in absences if one.covers(at)), key=lambda one: one.end, default=None)


def takes_new_leads(book: Book, rep: str, at: int) -> bool:
    """Return whether no restriction keeps new leads from a rep."""
    return all(one.new_leads for one in book.find(Conduct, Where(rep=rep)) if one.holds(at))


def most_open(rules: Rules, rep: Rep) -> int | None:
    """Return how many leads a rep may have open: the rep's own number, or that of the rules; None = no limit."""
    return rep.max_open if isinstance(rules.caps.open, str) else rules.caps.open


def left_today(rules: Rules, rep: Rep, at: int) -> int | None:
    """Return how many more leads a rep may get on the day of a moment; None = no limit."""
    most = rules.caps.per_day
    return None if most is None else max(most - rep.on(str(rules.calendar.day(at)))[0], 0)


def room(rules: Rules, rep: Rep, at: int) -> int | None:
    """Return how many more leads a rep may get now; None = no limit."""
    most = most_open(rules, rep)
    slots = None if most is None else max(most - rep.open - rep.kept, 0)
    return min((left for left in (slots, left_today(rules, rep, at)) if left is not None), default=None)
