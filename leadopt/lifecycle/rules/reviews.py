"""Leads that a manager looks at before they go to a rep."""

from dataclasses import dataclass

from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.rules.conditions import Where
from leadopt.lifecycle.rules.reading import check_text, check_word, period, set_periods

ON_TIMEOUT = ("assign", "pool", "wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """Leads that a manager approves before the proposed rep gets them; the first rule that holds counts.

    Parameters
    ----------
    name
        what it is called
    where
        which leads: columns with a value, a list of values, "< 5", "<= 5", "> 5", ">= 5" or "missing", all of which
        hold; several tables are alternatives
    within
        by when the manager decides; off = whenever
    on_timeout
        what happens if nobody does: "assign" = to the rep proposed, "pool" = to the pool, "wait" = nothing
    """

    name: str
    where: Where
    within: Duration | None = period("4 working hours")
    on_timeout: str = "assign"

    def __post_init__(self) -> None:
        """Read the condition and the duration, and refuse what is none."""
        check_text(self.name, "rules.review.name", "a text")
        where = f'rules.review "{self.name}"'
        object.__setattr__(self, "where", Where.of(self.where, f"{where}: where"))
        set_periods(self, where, ("within",))
        check_word(self.on_timeout, f"{where}: on_timeout", ON_TIMEOUT)


KEY_ACCOUNTS = ReviewRules(name="key accounts", where=Where.of({"tier": "key"}))
"""The rule that is there if nobody writes one; off where leads have no such column."""
