"""What the user's columns are called: settings, with defaults."""

from __future__ import annotations

from dataclasses import dataclass

NOT_READ = ("owner",)  # columns that are read only where they are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns that leadopt reads; all but the ids (and `converted` in history) may be absent.

    Parameters
    ----------
    lead_id, rep_id
        ids of leads and reps; `rep_id` also says in history who had the lead
    value
        leads: worth if won, 0 or more; history: what was won for, above 0, from which missing values are learned
    currency
        leads and history: what the value is in, such as EUR; `Policy.currencies` holds the rates
    capacity
        reps: most leads in this batch; without a `max_open` column it is a ceiling on open work
    available
        reps: true/false or the fraction (0 to 1) of usual capacity that is there; 0 = away
    open_leads, max_open
        reps: leads in work, and the most that may be at any time
    min_leads
        reps: fewest leads in this batch at full availability
    effort
        leads: hours a lead takes at the usual pace
    hours, open_hours
        reps: working time in this batch at full availability, and hours of it that open work takes
    pace
        reps: by which the hours of a lead are multiplied; 1 = usual, 1.5 = takes half as long again
    credit
        reps: leads, value or hot leads owed from earlier batches, negative where too many were had; missing is 0. With
        several settings of fairness, one column for each thing shared: `credit_leads`, `credit_value`, `credit_hot`
    in_fairness
        reps: false for who stays out of fairness: entitled to nothing, and bound by nothing of it; missing is true
    carried
        reps: the part of a lead that a fractional capacity left over last time, from 0; told by `Plan.loads`
    owner
        leads: the rep who owns the account, and gets the lead wherever the rules allow; None = nobody does
    current_rep
        leads: who has the lead now; it stays there unless the plan gains more by `Policy.move_cost` than it costs
    is_newcomer, tenure_days, hired_on
        reps: who is new, by a flag, by days of tenure, or by a date
    territory
        leads and reps: what the territory baseline hands out by
    converted, at
        history: whether the lead was won (missing while open), and when that was settled
    """

    lead_id: str = "lead_id"
    rep_id: str = "rep_id"
    value: str = "value"
    currency: str = "currency"
    capacity: str = "capacity"
    available: str = "available"
    open_leads: str = "open_leads"
    max_open: str = "max_open"
    min_leads: str = "min_leads"
    effort: str = "effort"
    hours: str = "hours"
    open_hours: str = "open_hours"
    pace: str = "pace"
    credit: str = "credit"
    in_fairness: str = "in_fairness"
    carried: str = "carried"
    owner: str | None = None
    current_rep: str = "current_rep"
    is_newcomer: str = "is_newcomer"
    tenure_days: str = "tenure_days"
    hired_on: str = "hired_on"
    territory: str = "territory"
    converted: str = "converted"
    at: str = "at"
