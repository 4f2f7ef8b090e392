"""What good and bad conduct brings: rewards and restrictions, by figures of the last 30 days."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.rules.conditions import Where
from leadopt.lifecycle.rules.reading import check_flag, check_text, set_count
from leadopt.tables.cells import is_number

FIGURES = ("on_time", "won_to_expected", "complaints", "n")
LEAST, MOST = 0.5, 1.25  # what conduct may make of an entitlement
OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What a reward is: at least one of the two.

    Parameters
    ----------
    entitlement
        times the share that a rep is entitled to, from 1 to 1.25
    claims_per_day
        so many more claims a day
    """

    entitlement: float | None = None
    claims_per_day: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no reward."""
        _set_share(self, "rules.reward.then", 1.0, MOST)
        set_count(self, "rules.reward.then", "claims_per_day", "")
        _check_any(self, "rules.reward.then")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """What a restriction is: at least one of the three.

    Parameters
    ----------
    entitlement
        times the share that a rep is entitled to, from 0.5 to 1
    claims_per_day
        at most so many claims a day; 0 = none
    new_leads
        false = no new leads by any route
    """

    entitlement: float | None = None
    claims_per_day: int | None = None
    new_leads: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what is no restriction."""
        _set_share(self, "rules.restrict.then", LEAST, 1.0)
        set_count(self, "rules.restrict.then", "claims_per_day", "")
        if self.new_leads is not None:
            check_flag(self.new_leads, "rules.restrict.then.new_leads")
        _check_any(self, "rules.restrict.then")


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardRules:
    """What a rep gets whose figures of the last 30 days are good; read at the day's first run.

    Parameters
    ----------
    when
        figures with comparisons, all of which hold: on_time = share of first follow-ups on time, won_to_expected = won
        deals to those that the leads promised, complaints, n = leads seen
    then
        what it brings
    name
        what messages call it; left out = the condition in words
    until
        what ends it, of the same figures and overdue = follow-ups overdue now; left out = that `when` does not hold
    """

    when: Where
    then: Reward
    name: str | None = None
    until: Where | None = None

    def __post_init__(self) -> None:
        """Read the conditions, and refuse what is none."""
        _set_conditions(self, "rules.reward")

    @property
    def words(self) -> str:
        """What messages call it."""
        return self.name or str(self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictRules:
    """What a rep does not get whose figures of the last 30 days are bad; announced 2 working days before.

    Parameters
    ----------
    when
        figures with comparisons, all of which hold: on_time = share of first follow-ups on time, won_to_expected = won
        deals to those that the leads promised, complaints, n = leads seen
    then
        what it takes
    name
        what messages call it; left out = the condition in words
    until
        what ends it, of the same figures and overdue = follow-ups overdue now; left out = that `when` does not hold
    """

    when: Where
    then: Restriction
    name: str | None = None
    until: Where | None = None

    def __post_init__(self) -> None:
        """Read the conditions, and refuse what is none."""
        _set_conditions(self, "rules.restrict")

    @property
    def words(self) -> str:
        """What messages call it."""
        return self.name or str(self.when)


def _set_conditions(rule: Any, where: str) -> None:
    if rule.name is not None:
        check_text(rule.name, f"{where}.name", "a text, or left out")
    object.__setattr__(rule, "when", _figures(rule.when, f"{where}.when", FIGURES))
    if rule.until is not None:
        object.__setattr__(rule, "until", _figures(rule.until, f"{where}.until", (*FIGURES, OVERDUE)))


def _figures(given: Any, where: str, known: tuple[str, ...]) -> Where:
    """Return a condition over figures, which are numbers and never missing."""
    found = Where.of(given, where)
    for figure in found.columns:
        if figure not in known:
            raise InvalidInput(f'{where}: "{figure}" is no figure{did_you_mean(figure, known)}')
    for table in found.tables:
        for figure, tests in table:
            for test in tests:
                if not (test.is_comparison or is_number(test.says)):
                    raise InvalidInput(f'{where}.{figure}: must be a number, or such as ">= 0.95"; found {test.says!r}')
    return found


def _set_share(settings: Any, where: str, least: float, most: float) -> None:
    given = settings.entitlement
    if given is None:
        return
    if not (is_number(given) and least <= given <= most):
        raise InvalidInput(f"{where}.entitlement: must be from {least:g} to {most:g}; found {given!r}")
    object.__setattr__(settings, "entitlement", float(given))


def _check_any(settings: Any, where: str) -> None:
    names = list(settings.__dataclass_fields__)
    if all(getattr(settings, name) is None for name in names):
        raise InvalidInput(f"{where}: must set one of {', '.join(names)}; found none")


def holds(rule: RewardRules | RestrictRules, figures: Mapping[str, float]) -> bool:
    """Return whether a rule's condition holds for a rep's figures."""
    return rule.when.holds(figures)


def ends(rule: RewardRules | RestrictRules, figures: Mapping[str, float]) -> bool:
    """Return whether what a rule brought ends with a rep's figures."""
    return not rule.when.holds(figures) if rule.until is None else rule.until.holds(figures)
