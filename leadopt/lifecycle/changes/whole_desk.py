"""What changes of the desk as a whole: rules, policy, plans, days."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import RuleFile, State, replace


def change_state(book: Book, **changes: Any) -> None:
    """Put the state of the desk with some of it changed."""
    book.put(replace(book.get(State, "desk") or State(), **changes))


def opened(event: events.Opened, book: Book, stamp: Stamp) -> None:
    """Note since when the desk sees what happens."""
    change_state(book, opened_at=stamp.at)


def rules_set(event: events.RulesSet, book: Book, stamp: Stamp) -> None:
    """Put a rule file beside the earlier ones: what has begun keeps its own."""
    book.put(
        RuleFile(
            fingerprint=event.fingerprint,
            data=event.data,
            starts_at=event.starts_at,
            set_at=stamp.at,
            seq=stamp.seq,
        )
    )


def policy_set(event: events.PolicySet, book: Book, stamp: Stamp) -> None:
    """Note which policy is in force; what it says stands beside the log."""
    change_state(book, policy=event.fingerprint)


def plan_made(event: events.PlanMade, book: Book, stamp: Stamp) -> None:
    """Note which plan is being applied, so that it goes on after a crash."""
    change_state(book, plan=event.plan)


def plan_applied(event: events.PlanApplied, book: Book, stamp: Stamp) -> None:
    """Note that no plan is being applied any more, and when the last one was."""
    change_state(book, plan="", planned_at=stamp.at)


def told(event: events.Told, book: Book, stamp: Stamp) -> None:
    """Note when managers last heard of leads that no period runs for."""
    change_state(book, told_at=stamp.at)


def day_began(event: events.DayBegan, book: Book, stamp: Stamp) -> None:
    """Note that the day has had its first run."""
    change_state(book, day=event.day)


def resumed(event: events.Resumed, book: Book, stamp: Stamp) -> None:
    """Hold recalls until everybody was reminded."""
    change_state(book, hold_until=event.hold_until)


CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    events.Opened: opened,
    events.RulesSet: rules_set,
    events.PolicySet: policy_set,
    events.PlanMade: plan_made,
    events.PlanApplied: plan_applied,
    events.Told: told,
    events.DayBegan: day_began,
    events.Resumed: resumed,
}
