"""A plan as a page for people: loads, newcomers, limits that decided, pins, what is left, and notes, in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.plans.pins import known_pin_costs
from leadopt.plans.quota_cost import quota_cost
from leadopt.plans.slots import all_known, most_added
from leadopt.plans.why_unassigned.reasons import Unassigned
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit
from leadopt.tables.cells import Id
from leadopt.tables.text import count, markdown, number, percent

_CLOSE = 1e-3  # gap up to which the cost of a quota is that of the quota
_MOST_LEFT = 20  # leads in the pool that the page lists; the plan's table has all


def report(
    plan: Answered,
    *,
    summary: str,
    unassigned: Sequence[Unassigned],
    worth: str = "",
) -> str:
    """Return the page; sections with nothing to say are left out. `worth` is what the plan will really bring."""
    case = plan.case
    sections = (
        f"# leadopt plan\n\n{summary}.",
        worth,
        f"## Reps\n\n{markdown(*rep_table(plan))}",
        _fairness(case, plan.rep_of_lead),
        _newcomers(plan),
        _limits(plan),
        _pins(case, known_pin_costs(plan), plan.is_best),
        _pool(unassigned),
        "\n".join(["## Notes\n", *(f"- {note}" for note in case.notes)]) if case.notes else "",
        f"Policy {case.policy.fingerprint}.",
    )
    return "\n\n".join(filter(None, sections))


def load_columns(plan: Answered) -> dict[str, list[Any]]:
    """Return one entry per rep: id, leads, capacity, fill, gain, the price of a slot, who is new, and hours."""
    case, loads = plan.case, plan.n_leads_of_rep
    capacity = case.problem.capacity
    fill = [load / most if most else None for load, most in zip(loads.tolist(), capacity.tolist(), strict=True)]
    return {
        case.policy.columns.written[1]: list(case.rep_ids),
        "leads": loads.tolist(),
        "capacity": capacity.tolist(),
        "fill": fill,
        "gain": plan.gain_of_rep.tolist(),
        "slot_price": plan.capacity_prices.tolist(),
        "newcomer": case.newcomer.tolist(),
        **_hours(case, plan.rep_of_lead),
        **({} if case.carried is None else {"carried": case.carried.tolist()}),
    }


def _hours(case: Case, rep_of_lead: Ints) -> dict[str, list[float | None]]:
    """Return hours worked and hours there, one entry per rep; nothing where no limit tells of hours."""
    hours = (limit for limit in case.problem.limits if limit.kind is LimitKind.HOURS)
    limits = {limit.of: limit for limit in hours if isinstance(limit.of, int)}
    if not limits:
        return {}
    loads = {rep: case.problem.load(limit, rep_of_lead) for rep, limit in limits.items()}
    reps = range(case.problem.n_reps)
    return {
        "hours": [loads.get(rep) for rep in reps],
        "hours_there": [limits[rep].upper if rep in limits else None for rep in reps],
    }


def rep_table(plan: Answered) -> tuple[list[str], list[list[str]]]:
    """Return headers and rows of the reps' loads, for people."""
    case, columns = plan.case, load_columns(plan)
    timed, carried = "hours" in columns, columns.pop("carried", None)
    rows = [
        [
            str(rep),
            f"{leads}",
            f"{capacity}",
            "-" if fill is None else percent(fill),
            *(("-" if hours[1] is None else f"{number(hours[0])} of {number(hours[1])}",) if timed else ()),
            number(gain),
            number(adds),
            *([] if carried is None else [number(carried[place])]),
            "away" if away else "new" if new else "",
        ]
        for place, (rep, leads, capacity, fill, gain, _, new, *hours, away, adds) in enumerate(
            zip(*columns.values(), case.away.tolist(), most_added(plan), strict=True)
        )
    ]
    hours = ["hours"] if timed else []
    header = "one more slot adds" if all_known(plan) else "one more slot adds at most"
    over = [] if carried is None else ["carried over"]
    return ["rep", "leads", "capacity", "fill", *hours, case.gain_words, header, *over, ""], rows


def _fairness(case: Case, rep_of_lead: Ints) -> str:
    """Return who received how much of what is shared, beside what each was entitled to."""
    tables = []
    for one in case.shared:
        received, credit = one.received(rep_of_lead), one.credit.any()
        rows = [
            [
                str(rep),
                number(got),
                "-" if out else number(due),
                percent(got / due) if due > 0 else "-",
                *((number(had),) if one.held is not None else ()),
                *((number(owed),) if credit else ()),
            ]
            for rep, got, due, owed, out, had in zip(
                case.rep_ids,
                *(numbers.tolist() for numbers in (received, one.entitlement, one.credit)),
                (np.zeros(len(received), dtype=bool) if one.outside is None else one.outside).tolist(),
                (np.zeros(len(received)) if one.held is None else one.held).tolist(),
                strict=True,
            )
        ]
        what = {"leads": "leads", "value": case.gain_words, "hot": "hot leads"}[one.of]
        held = ["open before"] if one.held is not None else []
        headers = ["rep", what, "entitled to", "received", *held, *(["owed from before"] if credit else [])]
        tables.append(markdown(headers, rows))
    return "## Fairness\n\n" + "\n\n".join(tables) if tables else ""


def _newcomers(plan: Answered) -> str:
    case, new = plan.case, np.flatnonzero(plan.case.newcomer)
    if not len(new):
        return ""
    placed, theirs = int(plan.n_leads_of_rep.sum()), int(plan.n_leads_of_rep[new].sum())
    share = percent(theirs / placed) if placed else "none"
    who = f"{len(new)} of {count(len(case.rep_ids), 'rep')}"
    return f"## Newcomers\n\n{who}, with {count(theirs, 'lead')} ({share}).{_cost(plan)}"


def _cost(plan: Answered) -> str:
    """Return what the newcomer quota costs; nothing for a plan that is far from the best for other reasons."""
    if plan.certificate.violations or plan.certificate.gap > _CLOSE:
        return ""
    cost = quota_cost(plan)
    if cost is None:
        return ""
    return f" {cost.summary()}\n\n{markdown(*cost.cells)}"


def _limits(plan: Answered) -> str:
    prices = plan.limit_prices_of_problem.tolist()
    rows = [
        [plan.limit_names[k], number(plan.used[k]), _bounds(plan.case.problem.limits[k]), number(price)]
        for k, price in enumerate(prices)
        if price != 0
    ]
    return f"## Limits that decided\n\n{markdown(['limit', 'load', 'bounds', 'price'], rows)}" if rows else ""


def _pins(case: Case, costs: Mapping[Id, float], proven: bool) -> str:
    if not costs:
        return ""
    why = "without another solve" if proven else "as the plan is not proven best"
    rows = [
        [
            str(lead),
            str(case.rep_ids[case.problem.pins[case.lead(lead)]]),
            f"not known {why}" if np.isnan(cost) else number(cost),
        ]
        for lead, cost in costs.items()
    ]
    return f"## Pins\n\n{markdown(['lead', 'rep', f'costs ({case.unit})'], rows)}"


def _pool(unassigned: Sequence[Unassigned]) -> str:
    if not unassigned:
        return ""
    rows = [[str(row.lead_id), row.reason.value, row.because, row.remedy] for row in unassigned[:_MOST_LEFT]]
    more = len(unassigned) - len(rows)
    rest = f"\n\n{more} more are in `plan.unassigned`." if more > 0 else ""
    return f"## In the pool\n\n{markdown(['lead', 'reason', 'because', 'remedy'], rows)}{rest}"


def _bounds(limit: Limit) -> str:
    if np.isinf(limit.upper):
        return f"at least {limit.lower:g}"
    return f"{limit.lower:g} to {limit.upper:g}"
