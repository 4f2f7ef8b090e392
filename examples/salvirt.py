"""Which seller should get which deal? Real B2B software sales (Bohanec et al.), small and skewed.

Learns from 75% of the deals, drawn by lot as the file has no dates, and hands out the other 25%, each seller taking as
many as he or she really did; then compares with what happened.

    python examples/salvirt.py        # LEADOPT_DATA names the folder of data
"""

import os
from pathlib import Path

import numpy as np
import polars as pl

import leadopt

DATA = Path(os.environ.get("LEADOPT_DATA", Path(__file__).parents[1] / "../shared/data"))
SEGMENT = ["Source", "Client"]  # known when a deal opens: where it came from, and whether the client is a new one
COLUMNS = leadopt.Columns(rep_id="Seller", converted="Status")


def log_loss(probability, won):
    """Mean surprise per deal; lower is better. Rates are kept within 1% and 99%: one of 0 or 1 could cost infinity."""
    p = np.clip(probability, 0.01, 0.99)
    return float(-np.mean(np.where(won, np.log(p), np.log(1 - p))))


def main(seed=0):
    path = DATA / "salvirt" / "Salvirt_B2B_ML_dataset.csv"
    if not path.exists():
        print(f"The data are absent: {path} does not exist; set LEADOPT_DATA to the folder that holds salvirt/.")
        return None
    # 83 rows are exact copies of others: kept, some would be both learned from and tested on.
    deals = pl.read_csv(path, separator=";").unique(maintain_order=True).with_row_index("lead_id", offset=1)
    order = np.random.default_rng(seed).permutation(len(deals))
    cut = int(0.75 * len(deals))
    history, later = deals[order[:cut]], deals[order[cut:]]

    # 1. How good are the estimates, on deals that they were not made from?
    model = leadopt.AffinityModel(segment_by=SEGMENT, rep=COLUMNS.rep_id, converted=COLUMNS.converted).fit(history)
    won = (later["Status"] == "Won").to_numpy()
    rate = (history["Status"] == "Won").mean()
    cells = history.group_by("Seller", *SEGMENT).agg(raw=(pl.col("Status") == "Won").mean())
    raw = later.join(cells, on=["Seller", *SEGMENT], how="left", maintain_order="left")["raw"]
    losses = {
        "leadopt": log_loss(model.probability(later), won),
        "global rate": log_loss(np.full(len(won), rate), won),
        "raw cells": log_loss(raw.fill_null(rate).to_numpy(), won),
    }
    print(f"{len(history)} deals to learn from, {len(later)} to hand out. Log-loss on the latter (lower is better):")
    print("\n".join(f"  {name:12} {loss:.4f}" for name, loss in losses.items()))
    print(f"  ({raw.null_count()} deals are in a cell that history lacks: there, raw cells use the global rate.)\n")

    # 2. The plan: sellers take as many deals as they really did.
    taken = later.group_by("Seller").agg(capacity=pl.len())
    sellers = deals.select("Seller").unique().sort("Seller")
    sellers = sellers.join(taken, on="Seller", how="left", maintain_order="left").fill_null(0)
    leads = later.select("lead_id", *SEGMENT)
    plan = leadopt.assign(leads, sellers, affinity=model, policy=leadopt.Policy(columns=COLUMNS))
    print(f"{plan.summary()}.\n")

    # 3. Beside the baselines, and beside who really had each deal.
    happened = dict(later.select("lead_id", "Seller").iter_rows())
    comparison = plan.compare({"what happened": happened})
    second = leadopt.AffinityModel(segment_by=SEGMENT, rep=COLUMNS.rep_id, converted=COLUMNS.converted).fit(later)
    planned = leads.join(plan.assignments, on=COLUMNS.lead_id)
    second_lift = second.probability(planned).sum() / second.probability(later).sum() - 1
    expected, lift = comparison.outcomes[1].gain, comparison.outcomes[1].lift
    print(comparison)
    print(f"""
Every row is an estimate by the same model, not proof: nobody knows how a deal would have gone with another seller.
Of the {len(won)} deals, {won.sum()} were really won; the model expects {expected:.0f}.
The lift is inflated (optimiser's curse): the plan seeks the highest estimates, and so also those that err upwards.
A second model, of the later deals alone, puts the lift over what happened at {second_lift:+.1%}, not {lift:+.1%}.
""")

    # 4. Why?
    for deal in plan.assignments["lead_id"][:2]:
        print(plan.explain(deal), end="\n\n")
    return plan, comparison, losses


if __name__ == "__main__":
    main()
