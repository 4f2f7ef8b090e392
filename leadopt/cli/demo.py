"""`leadopt demo`: a simulated sales floor in files, the plan for it, and what plan and customs truly earn."""

import shlex
from pathlib import Path

import numpy as np

from leadopt.cli.assigning import checked_seed, explanation, run_assign
from leadopt.cli.demo_folder import make_demo_folder, remember
from leadopt.cli.policy_schema import SCHEMA_NAME, schema_text
from leadopt.cli.terminal import prose, say_heading, text_table
from leadopt.evaluate.seasons.floor import SalesFloor, sales_floor
from leadopt.plans.plan import Plan
from leadopt.tables.files import write_bytes, write_table
from leadopt.tables.text import number, percent

_POLICY_NAME = "policy.toml"
_DEMO_POLICY = f"""\
#:schema ./{SCHEMA_NAME}
# Written by `leadopt demo`. Change it, then run `leadopt assign` again.

# What the chance of a deal is estimated by: each rep's record with each industry from each source.
segment_by = ["industry", "source"]

# A rep must speak the lead's language.
[[eligibility]]
rule = "skills"
needs = "language"
has = "languages"

# Reps of less than 90 days get at least a tenth of the leads together, and 5 each, to learn on.
[newcomers]
share = 0.1
min_leads = 5
tenure_days = 90
"""


def run_demo(folder: Path, seed: int = 0) -> Plan:
    """Do `leadopt demo` and return the plan: tables and policy into a folder, `assign` on them, and what it earns."""
    floor = sales_floor(rng=checked_seed(seed))
    names = ("leads", "reps", "history")
    leads, reps, history = (folder / f"{name}.csv" for name in names)
    policy, output, report = folder / _POLICY_NAME, folder / "plan.csv", folder / "report.md"
    schema = folder / SCHEMA_NAME
    ours = [leads, reps, history, policy, schema, output, output.with_suffix(".json"), report]
    make_demo_folder(folder, ours)
    for path, table in zip((leads, reps, history), (floor.leads, floor.reps, floor.history), strict=True):
        write_table(table, path)
    write_bytes(policy, _DEMO_POLICY.encode())
    write_bytes(schema, schema_text().encode())
    remember(folder, [leads, reps, history, policy, schema])
    n_leads, n_reps, n_history = (len(next(iter(table.values()))) for table in (floor.leads, floor.reps, floor.history))
    print(
        f"A simulated sales floor: {n_leads} leads for {n_reps} reps, {n_history:,} past leads, true chances known.\n"
    )
    parts = (
        ["leadopt", "assign", leads, reps],
        ["--history", history, "--policy", policy],
        ["-o", output, "--report", report, "--now", floor.now, "--seed", seed],
    )
    print("$", " \\\n    ".join(shlex.join(map(str, part)) for part in parts) + "\n")
    plan = run_assign(leads, reps, history, policy, None, output, report, now=floor.now.isoformat(), seed=seed)
    remember(folder, ours)
    say_heading("Against what companies do today, by the estimates and by the truth")
    print(_truth_table(plan, floor))
    print(f"\n{prose(_verdict(plan, floor))}")
    say_heading("Newcomers")
    print(prose(_about_newcomers(plan)))
    say_heading("Three decisions explained")
    print("\n\n".join(f"{what}\n{explanation(plan, plan.case.lead_ids[lead])}" for what, lead in telling_leads(plan)))
    say_heading("Next")
    print(f"Change {policy} or the tables, and run the command above again. Or type:")
    for line in (f"compare {output.with_suffix('.json')}", f"report {output.with_suffix('.json')}", "assign --help"):
        print(f"  leadopt {line}")
    return plan


def _truth_table(plan: Plan, floor: SalesFloor) -> str:
    """Return plan and baselines with what they earn by the estimates and by the floor's true chances."""
    comparison = plan.compare()
    answers = {"this plan": plan.rep_of_lead} | {
        outcome.method: plan.baseline(outcome.method).rep_of_lead for outcome in comparison.outcomes[1:]
    }
    best = floor.true_gain(plan.rep_of_lead)
    rows = []
    for outcome in comparison.outcomes:
        true_gain, true_deals = floor.true_gain(answers[outcome.method]), floor.true_deals(answers[outcome.method])
        rows.append(
            [
                outcome.method,
                number(outcome.gain, 4),
                number(true_gain, 4),
                "" if outcome is comparison.outcomes[0] else f"{100 * (best / true_gain - 1):+.1f}%",
                f"{outcome.deals or 0.0:.1f}",
                f"{true_deals:.1f}",
                str(outcome.placed),
                percent(outcome.newcomer_share),
                str(len(outcome.broken)),
            ]
        )
    headers = ["method", "expected value", "true value", "plan's lift", "expected deals", "true deals"]
    return text_table([*headers, "placed", "new reps", "rules broken"], rows)


def _verdict(plan: Plan, floor: SalesFloor) -> str:
    earned = floor.true_gain(plan.rep_of_lead)
    lifts = {
        name: earned / floor.true_gain(plan.baseline(name).rep_of_lead) - 1.0 for name in ("round robin", "greedy")
    }
    against = [f"{percent(abs(x), 1)} {'more' if x >= 0 else 'less'} than {name}" for name, x in lifts.items()]
    return f"On average the plan truly earns {number(earned, 4)}, {' and '.join(against)}."


def _about_newcomers(plan: Plan) -> str:
    placed = plan.rep_of_lead[plan.rep_of_lead >= 0]
    theirs = int(plan.case.newcomer[placed].sum())
    names = " and ".join(str(plan.case.rep_ids[rep]) for rep in np.flatnonzero(plan.case.newcomer))
    share = percent(theirs / max(1, len(placed)))
    limits = plan.case.problem.limits
    asks = ", ".join(f"{limit.lower:g} ({limit.name})" for limit in limits)
    cost = -min(plan.limit_prices.values(), default=0.0)
    costs = "costs nothing here" if cost <= 0 else f"costs up to {number(cost)} for the last lead"
    return (
        f"{names} have {theirs} of the {len(placed)} placed leads ({share}). The policy asks for {asks}; this {costs}."
    )


def telling_leads(plan: Plan) -> list[tuple[str, int]]:
    """Return up to three leads worth explaining, each with why: moved from its best rep, a newcomer's, in the pool."""
    affinity, answer = plan.case.problem.affinity, plan.rep_of_lead
    placed, pool = np.flatnonzero(answer >= 0), np.flatnonzero(answer < 0)
    gain = affinity.at(placed, answer[placed])
    forgone = affinity.of(placed).max(axis=1, initial=0.0) - gain
    of_newcomer = plan.case.newcomer[answer[placed]]
    chosen = []
    if (forgone[~of_newcomer] > 0).any():
        lead = placed[np.where(of_newcomer, 0.0, forgone).argmax()]
        chosen.append(("A lead that is not with the rep who is best at it:", int(lead)))
    if of_newcomer.any():
        chosen.append(("A newcomer's lead:", int(placed[np.where(of_newcomer, gain, -1.0).argmax()])))
    if len(pool):
        chosen.append(("The most valuable lead in the pool:", int(pool[affinity.scale[pool].argmax()])))
    return chosen
