"""By when: time of the organisation, follow-up, recall, and other periods for some leads."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Self

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Calendar, Duration, Hours
from leadopt.lifecycle.calendar.durations import DAY, HOUR
from leadopt.lifecycle.calendar.working_time import as_days
from leadopt.lifecycle.rules.conditions import Where
from leadopt.lifecycle.rules.reading import (
    AS_ELSEWHERE,
    Elsewhere,
    called,
    check_text,
    check_word,
    elsewhere,
    in_words,
    period,
    set_periods,
    set_words,
)

TO = ("best", "pool")
_WEEK_HOURS = 7 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRules:
    """When the organisation works: all days and working hours of the rules are those of this calendar.

    Parameters
    ----------
    zone
        time zone by its name, such as "Europe/Berlin"; "per day" is a day of it
    hours
        working hours of a week, as "Mon-Fri 9-12, 13-18" or as a table from days to lists of spans; an hour in 14 days
        at least
    holidays
        days without work
    """

    zone: str
    hours: Hours = Hours.of("Mon-Fri 9-12, 13-18")
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        """Read the hours and days, and refuse what is no calendar."""
        object.__setattr__(self, "hours", Hours.of(self.hours, "rules.time.hours"))
        object.__setattr__(self, "holidays", as_days(self.holidays, "rules.time.holidays"))
        try:
            Calendar(self.zone, self.hours)
        except InvalidInput as error:
            raise InvalidInput(f"rules.time.{error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRules:
    """By when a rep follows a lead up, what counts as that, and who is told.

    Parameters
    ----------
    first_within
        by when after a lead came to a rep the first follow-up is due; off = never
    next_within
        by when after a follow-up the next is due; off = never; no shorter than the first
    evidence
        kinds of follow-up that count
    remind_before
        how long before it is due the rep is reminded; off = not at all
    escalate_after
        how long after it was due rep and manager are told; off = not at all
    """

    first_within: Duration | None = period("3 days")
    next_within: Duration | None = period("14 days")
    evidence: tuple[str, ...] = ("call", "meeting", "email", "message", "visit", "quote")
    remind_before: Duration | None = period("24 hours")
    escalate_after: Duration | None = period(0)

    def __post_init__(self) -> None:
        """Read the durations, and refuse what is none."""
        set_periods(self, "rules.follow", ("first_within", "next_within", "remind_before", "escalate_after"))
        set_words(self, "rules.follow", "evidence", least=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallException:
    """Other periods for the leads of a condition, such as a tier or a product line; the first that holds counts.

    Parameters
    ----------
    where
        which leads: columns with a value, a list of values, "< 5", "<= 5", "> 5", ">= 5" or "missing", all of which
        hold; several tables are alternatives
    name
        what messages call it; left out = the condition in words
    first_within
        by when after a lead came to a rep the first follow-up is due; left out = as for all others
    next_within
        by when after a follow-up the next is due; left out = as for all others
    remind_before
        how long before it is due the rep is reminded; left out = as for all others
    escalate_after
        how long after it was due rep and manager are told; left out = as for all others
    after
        how long after a follow-up was due the lead is taken back; left out = as for all others
    to
        to whom: "best" or "pool"; left out = as for all others
    """

    where: Where
    name: str | None = None
    first_within: Duration | Elsewhere | None = elsewhere()
    next_within: Duration | Elsewhere | None = elsewhere()
    remind_before: Duration | Elsewhere | None = elsewhere()
    escalate_after: Duration | Elsewhere | None = elsewhere()
    after: Duration | Elsewhere | None = elsewhere()
    to: str | Elsewhere = AS_ELSEWHERE

    def __post_init__(self) -> None:
        """Read the condition and the durations, and refuse an exception that changes nothing."""
        object.__setattr__(self, "where", Where.of(self.where, "rules.recall.for.where"))
        if self.name is not None:
            check_text(self.name, "rules.recall.for.name", "a text, or left out")
        set_periods(self, "rules.recall.for", OF_AN_EXCEPTION[:-1])
        if self.to is not AS_ELSEWHERE:
            check_word(self.to, "rules.recall.for.to", TO)
        if not self.changes:
            raise InvalidInput(
                f"rules.recall.for: must set one of {', '.join(OF_AN_EXCEPTION)} for {self.where}; found none"
            )

    @property
    def changes(self) -> dict[str, Duration | str | None]:
        """The settings that are others, by their names in `Periods`."""
        given = {name: getattr(self, name) for name in OF_AN_EXCEPTION}
        return {_IN_PERIODS.get(name, name): value for name, value in given.items() if value is not AS_ELSEWHERE}

    @property
    def words(self) -> str:
        """What messages call it."""
        return self.name or str(self.where)


OF_AN_EXCEPTION = ("first_within", "next_within", "remind_before", "escalate_after", "after", "to")
_IN_PERIODS = {"after": "recall_after", "to": "recall_to"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRules:
    """When a lead that is not followed up is taken back, and who gets it then.

    Parameters
    ----------
    after
        how long after a follow-up was due the lead is taken back; 0 = as soon as it was due; off = never
    to
        "best" = the rep to whom it is worth most now, or the pool where nobody can take it; "pool" = the pool
    exceptions
        other periods for some leads, of which the first that holds counts
    """

    after: Duration | None = period("1 day")
    to: str = "best"
    exceptions: tuple[RecallException, ...] = called("for", ())

    def __post_init__(self) -> None:
        """Read the duration, and refuse what is none."""
        set_periods(self, "rules.recall", ("after",))
        check_word(self.to, "rules.recall.to", TO)
        object.__setattr__(self, "exceptions", tuple(self.exceptions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """The periods that hold for one lead; a duration that is None is off.

    Parameters
    ----------
    first_within, next_within, remind_before, escalate_after
        as in `FollowRules`
    recall_after, recall_to
        `after` and `to`, as in `RecallRules`
    rule
        where they are from: the words of the exception that holds, or "default"
    """

    first_within: Duration | None
    next_within: Duration | None
    remind_before: Duration | None
    escalate_after: Duration | None
    recall_after: Duration | None
    recall_to: str
    rule: str = "default"

    @classmethod
    def of(cls, follow: FollowRules, recall: RecallRules) -> Self:
        """Return the periods of leads for which no exception holds."""
        own = {setting.name: getattr(follow, setting.name) for setting in fields(follow) if setting.name != "evidence"}
        return cls(**own, recall_after=recall.after, recall_to=recall.to)

    def but(self, exception: RecallException) -> "Periods":
        """Return the same with what an exception changes."""
        return replace(self, **exception.changes, rule=exception.words)  # type: ignore[arg-type]

    def check(self, hours: Hours) -> None:
        """Refuse a next follow-up that is due sooner than the first: a rep who works would be recalled first."""
        first, following = self.first_within, self.next_within
        if first is None or following is None or usual_length(following, hours) >= usual_length(first, hours):
            return
        where = "follow" if self.rule == "default" else f"recall.for ({self.rule})"
        raise InvalidInput(
            f"rules.{where}: next_within must not be shorter than first_within; "
            f"found {in_words(following)}, and {in_words(first)}"
        )


def usual_length(duration: Duration, hours: Hours) -> float:
    """Return how long a period usually is, in microseconds: a working hour is as many hours as there are to one.

    >>> usual_length(Duration(40, "working hours"), Hours.of("Mon-Fri 9-12, 13-18")) == 7 * DAY
    True
    """
    if duration.unit == "working hours":
        return duration.amount * HOUR * _WEEK_HOURS * 60 / hours.minutes_a_week
    if duration.unit == "working days":
        return duration.amount * DAY * 7 / hours.days_a_week
    return float(duration.microseconds)
