"""Which support group should get which incident? A real service desk (BPI Challenge 2013, Volvo IT).

Learns from the first 75% of the cases, by time, how often each group solves which product's incidents without passing
them on. Then hands out the other 25%, each group taking as many as it really did, and compares with what happened.

    python examples/incidents.py        # LEADOPT_DATA names the folder of data
"""

import os
from pathlib import Path

import numpy as np
import polars as pl

import leadopt

DATA = Path(os.environ.get("LEADOPT_DATA", Path(__file__).parents[1] / "../shared/data"))
# What is known when a case arrives. Not the countries: they follow from who took it.
SEGMENT = ["product", "impact"]
COLUMNS = leadopt.Columns(lead_id="case_id", rep_id="first_group", converted="first_line_only")


def log_loss(probability, won):
    """Mean surprise per case; lower is better. Rates are kept within 1% and 99%: one of 0 or 1 could cost infinity."""
    p = np.clip(probability, 0.01, 0.99)
    return float(-np.mean(np.where(won, np.log(p), np.log(1 - p))))


def main():
    path = DATA / "incidents" / "incidents.csv"
    if not path.exists():
        print(f"The data are absent: {path} does not exist; set LEADOPT_DATA to the folder that holds incidents/.")
        return None
    arrived = pl.col("first_event").str.to_datetime(time_zone="UTC")  # the file mixes +01:00 and +02:00
    cases = pl.read_csv(path).sort(arrived, "case_id")
    cut = int(0.75 * len(cases))
    history, later = cases[:cut], cases[cut:]

    # 1. How good are the estimates, on cases that they were not made from?
    model = leadopt.AffinityModel(segment_by=SEGMENT, rep=COLUMNS.rep_id, converted=COLUMNS.converted).fit(history)
    won = later["first_line_only"].to_numpy() == 1
    rate = history["first_line_only"].mean()
    cells = history.group_by("first_group", *SEGMENT).agg(raw=pl.col("first_line_only").mean())
    raw = later.join(cells, on=["first_group", *SEGMENT], how="left", maintain_order="left")["raw"]
    losses = {
        "leadopt": log_loss(model.probability(later), won),
        "global rate": log_loss(np.full(len(won), rate), won),
        "raw cells": log_loss(raw.fill_null(rate).to_numpy(), won),
    }
    print(f"{len(history)} cases to learn from, {len(later)} to hand out. Log-loss on the latter (lower is better):")
    print("\n".join(f"  {name:12} {loss:.4f}" for name, loss in losses.items()))
    print(f"  ({raw.null_count()} cases are in a cell that history lacks: there, raw cells use the global rate.)\n")

    # 2. The plan: groups take as many cases as they really did in this period.
    taken = later.group_by("first_group").agg(capacity=pl.len())
    groups = cases.select("first_group").unique().sort("first_group")
    groups = groups.join(taken, on="first_group", how="left", maintain_order="left").fill_null(0)
    leads = later.select("case_id", *SEGMENT)
    plan = leadopt.assign(leads, groups, affinity=model, policy=leadopt.Policy(columns=COLUMNS))
    print(f"{plan.summary()}.\n")

    # 3. Beside the baselines, and beside who really took each case.
    happened = dict(later.select("case_id", "first_group").iter_rows())
    comparison = plan.compare({"what happened": happened})
    second = leadopt.AffinityModel(segment_by=SEGMENT, rep=COLUMNS.rep_id, converted=COLUMNS.converted).fit(later)
    planned = leads.join(plan.assignments, on=COLUMNS.lead_id)
    second_lift = second.probability(planned).sum() / second.probability(later).sum() - 1
    expected, lift = comparison.outcomes[1].gain, comparison.outcomes[1].lift
    print(comparison)
    print(f"""
Every row is an estimate by the same model, not proof: nobody knows how a case would have gone with another group.
Of the {len(won)} cases, {won.sum()} were really solved in the first line; the model expects {expected:.0f}.
The lift is inflated (optimiser's curse): the plan seeks the highest estimates, and so also those that err upwards.
A second model, of the later cases alone, puts the lift over what happened at {second_lift:+.1%}, not {lift:+.1%}.
""")

    # 4. Why?
    for case in plan.assignments["case_id"][:2]:
        print(plan.explain(case), end="\n\n")
    return plan, comparison, losses


if __name__ == "__main__":
    main()
