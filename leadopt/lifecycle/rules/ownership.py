"""How much a rep may own and for how long, and what becomes of it: caps, protection, leave, accounts, credit."""

from dataclasses import dataclass

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.rules.reading import check_text, count, period, set_count, set_periods, set_words
from leadopt.tables.cells import is_numeral


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRules:
    """How many leads a rep may have; won customers do not count.

    Parameters
    ----------
    open
        open leads at once: a number for all reps, or the column of reps that says it; off = no limit, 0 = none
    per_day
        leads that come to a rep on one day; off = no limit, 0 = none
    """

    open: int | str | None = count("max_open")
    per_day: int | None = count(None)

    def __post_init__(self) -> None:
        """Refuse what is no limit."""
        if isinstance(self.open, str):
            check_text(self.open, "rules.caps.open", 'a number, the name of a column of reps, or "off"')
            if is_numeral(self.open):
                raise InvalidInput(f"rules.caps.open: a number is written without quotes; found {self.open!r}")
        else:
            set_count(self, "rules.caps", "open", ', the name of a column of reps, or "off" for no limit')
        set_count(self, "rules.caps", "per_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectRules:
    """How long a manager may protect a lead from recall for want of the next follow-up, never from the first.

    Parameters
    ----------
    max
        from the moment the owner got it; off = nothing can be protected
    """

    max: Duration | None = period("180 days")

    def __post_init__(self) -> None:
        """Read the duration."""
        set_periods(self, "rules.protect", ("max",))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRules:
    """What becomes of the leads of a rep who is away.

    Parameters
    ----------
    reassign_after
        absences longer than this give all leads to others, shorter ones those whose first follow-up falls in them;
        off = never all
    """

    reassign_after: Duration | None = period("5 days")

    def __post_init__(self) -> None:
        """Read the duration."""
        set_periods(self, "rules.leave", ("reassign_after",))


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyRules:
    """Whether a lead goes to whoever knows its account.

    Parameters
    ----------
    by
        column of leads that names the account; off = no lead does
    wait
        how long a lead waits for an owner who is away; 0 or off = not at all
    """

    by: str | None = count("account")
    wait: Duration | None = period("2 days")

    def __post_init__(self) -> None:
        """Read the duration, and refuse what is no column."""
        if self.by is not None:
            check_text(self.by, "rules.sticky.by", 'the name of a column of leads, or "off"')
        set_periods(self, "rules.sticky", ("wait",))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRules:
    """How what each rep got and was entitled to is remembered.

    Parameters
    ----------
    half_life
        after this a debt counts half; off = for ever
    bad_lead_reasons
        reasons of a rep who gives a lead back that are credited, once a manager closes it
    """

    half_life: Duration | None = period("90 days")
    bad_lead_reasons: tuple[str, ...] = ("invalid_contact", "duplicate", "spam", "out_of_scope")

    def __post_init__(self) -> None:
        """Read the duration, and refuse one that is none or not of the clock."""
        set_periods(self, "rules.credit", ("half_life",))
        if self.half_life is not None and (not self.half_life.amount or self.half_life.is_working):
            raise InvalidInput(
                f'rules.credit.half_life: must be minutes, hours or days, above 0, or "off"; found {self.half_life}'
            )
        set_words(self, "rules.credit", "bad_lead_reasons")
