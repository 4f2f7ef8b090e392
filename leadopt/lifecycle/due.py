"""When something is due: one formula for every deadline, which reminder, recall, screen and query all call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from leadopt.lifecycle.book import EVERY, Book, Where
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.records import Absence, Lead, RuleFile, State
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What happens next to a lead if nobody does anything.

    Parameters
    ----------
    what
        "remind", "escalate", "recall", "review" (its time is over), "unpark", "stick" (the owner of its account is
        back), or "tell": no period runs, managers hear of it each working day
    at
        when, at the earliest
    deadline
        of the follow-up or the review that it is about; None where there is none
    rule
        which rule says so
    """

    what: str
    at: int
    deadline: int | None
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What deadlines of a lead depend on, beside the lead.

    Parameters
    ----------
    rules
        that its period began under
    calendar
        theirs, with all holidays of rules that were in force since
    absences
        of its owner
    hold_until
        no recall before
    told_at
        when managers last heard of leads that no period runs for
    """

    rules: Rules
    calendar: Calendar
    absences: tuple[Absence, ...] = ()
    hold_until: int = 0
    told_at: int = 0

    def later(self, moment: Callable[[Calendar], int]) -> int:
        """Return a moment by the calendar, but not before what it is without holidays that were added since.

        A holiday moves a moment to the end of another working day, which may be an earlier hour: so it could come out
        before what it was.
        """
        own = self.rules.calendar
        return moment(own) if self.calendar is own else max(moment(own), moment(self.calendar))


def timing(book: Book, lead: Lead, at: int) -> Timing:
    """Return what a lead's deadlines depend on: the rules that its period began under, and holidays as known since."""
    now = book.rules_at(at)
    rules = book.rules(lead.rules) if lead.rules and lead.rules != now.fingerprint else now
    since = [file for file in book.find(RuleFile, EVERY) if lead.since <= file.starts_at <= at]
    more = {day for file in since for day in book.rules(file.fingerprint).calendar.holidays}
    more -= set(rules.calendar.holidays)
    calendar = rules.calendar.with_holidays(sorted(more)) if more else rules.calendar
    away = [] if lead.owner is None else book.find(Absence, Where(rep=lead.owner))
    desk = book.get(State, "desk") or State()
    return Timing(
        rules=rules,
        calendar=calendar,
        absences=tuple(one for one in away if not one.cancelled),
        hold_until=desk.hold_until,
        told_at=max(desk.told_at, desk.planned_at),
    )


def deadline(lead: Lead, timing: Timing) -> int | None:
    """Return when the next follow-up of a held lead is due; None = never.

    The period begins with the ownership, or with the last follow-up; it stands still while the owner is away. What
    falls outside working time moves to the end of that working day or of the next one, and so does what an absence has
    moved; an idle deadline besides waits for the end of a manager's protection. No follow-up, absence or protection
    brings a deadline nearer: of two moments the later one need not have the later deadline (at lunch it is that day's
    evening, an hour later it is that hour), so each is moved by itself, and the latest counts.
    """
    periods, begin = timing.rules.periods(lead.columns), _begin(lead)
    length = periods.first_within if lead.first_at is None else periods.next_within
    if length is None:
        return None
    protected = 0 if lead.first_at is None else lead.protected_until or 0

    def by(calendar: Calendar) -> int:
        due = calendar.add(begin, length)
        paused = _after_absences(due, begin, timing.absences)
        at = calendar.day_end(paused) if paused > due else due
        return max(calendar.deadline(one) for one in (at, protected, lead.not_before) if one)

    return timing.later(by)


def due(lead: Lead, timing: Timing) -> Due | None:
    """Return what happens next to a lead if nobody does anything; None where it has ended."""
    if not lead.is_open:
        return None
    if lead.is_held:
        return _held(lead, timing) or _told(lead, timing)
    if lead.stage is Stage.PARKED and lead.parked_until is not None:
        return Due(what="unpark", at=lead.parked_until, deadline=None, rule="parked")
    if lead.stage is Stage.NEW and lead.waits_until is not None:
        return Due(what="stick", at=lead.waits_until, deadline=None, rule="sticky")
    if lead.stage is Stage.REVIEW:
        return _review(lead, timing) or _told(lead, timing)
    return _told(lead, timing)


def due_of(book: Book, lead: Lead, at: int) -> Due | None:
    """Return what happens next to a lead, as things stand in a book."""
    return due(lead, timing(book, lead, at))


def remind_at(lead: Lead, timing: Timing, by: int) -> int | None:
    """Return when the owner is reminded of a deadline: before it, and not before its period begins."""
    before = timing.rules.periods(lead.columns).remind_before
    if before is None:
        return None
    return _present(max(_begin(lead), timing.calendar.subtract(by, before)), timing.absences)


def recall_at(lead: Lead, timing: Timing, by: int) -> int | None:
    """Return when a lead is taken back whose deadline was `by`; None = never.

    At the later of the deadline and its grace, and of the reminder and the time between reminder and deadline: nobody
    loses a lead without notice. After a gap between runs all recalls wait.
    """
    periods = timing.rules.periods(lead.columns)
    if periods.recall_after is None:
        return None
    grace = periods.recall_after
    at = timing.later(lambda calendar: calendar.deadline(calendar.add(by, grace)))
    reminder = remind_at(lead, timing, by)
    if reminder is not None and periods.remind_before is not None:
        told = lead.reminded_at if lead.reminded == by and lead.reminded_at is not None else reminder
        at = max(at, timing.calendar.add(told, periods.remind_before))
    return _present(max(at, timing.hold_until), timing.absences)


def _begin(lead: Lead) -> int:
    return lead.started if lead.last_at is None or lead.first_at is None else max(lead.started, lead.last_at)


def _held(lead: Lead, timing: Timing) -> Due | None:
    by = deadline(lead, timing)
    if by is None:
        return None
    periods = timing.rules.periods(lead.columns)
    steps: list[tuple[int, str]] = []
    if lead.reminded != by and (at := remind_at(lead, timing, by)) is not None:
        steps.append((at, "remind"))
    if lead.escalated != by and periods.escalate_after is not None:
        steps.append((_present(timing.calendar.add(by, periods.escalate_after), timing.absences), "escalate"))
    if (at := recall_at(lead, timing, by)) is not None:
        steps.append((at, "recall"))
    if not steps:
        return None
    at, what = min(steps, key=lambda step: step[0])  # of equal moments the first: nobody is recalled before a reminder
    return Due(what=what, at=at, deadline=by, rule=periods.rule)


def _review(lead: Lead, timing: Timing) -> Due | None:
    asked = lead.review
    rule = None if asked is None else timing.rules.review_named(asked.rule)
    if asked is None or rule is None or rule.within is None or rule.on_timeout == "wait":
        return None
    begin, within = asked.asked_at, rule.within
    at = timing.later(lambda calendar: calendar.deadline(max(calendar.add(begin, within), lead.not_before)))
    return Due(what="review", at=at, deadline=at, rule=rule.name)


def _told(lead: Lead, timing: Timing) -> Due:
    """Return the start of the next working day after the lead came here, or after managers were last told."""
    at = timing.calendar.next_day(max(lead.since, timing.told_at))
    return Due(what="tell", at=at, deadline=None, rule="every working day")


def _after_absences(at: int, begin: int, absences: Iterable[Absence]) -> int:
    """Return a moment moved by the time in which the owner was away since the period began."""
    for away in sorted(absences, key=lambda one: one.start):
        if away.start < at and away.end > begin:
            at += away.end - max(away.start, begin)
            begin = max(begin, away.end)  # what overlaps with a later absence counts once
    return at


def _present(at: int, absences: Iterable[Absence]) -> int:
    """Return a moment, or the end of the absence in which it falls."""
    for away in sorted(absences, key=lambda one: one.start):
        at = away.end if away.covers(at) else at
    return at
