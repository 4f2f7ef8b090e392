"""Simulated sales floors: the same seed makes the same instance in every process and engine."""

from typing import Any

import numpy as np

N_SOURCES, N_INDUSTRIES = 5, 12  # 60 segments
ENGINES = ("polars", "pandas", "pyarrow")


def sales_floor(
    n_leads: int, n_reps: int, n_history: int, *, values: bool, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return leads, reps and history as columns; reps differ in skill, and a little by segment.

    There are slots for nine leads in ten, so capacity decides.
    """
    rng = np.random.default_rng(seed)
    n_segments = N_SOURCES * N_INDUSTRIES
    rep_ids = np.array([f"R{number:04}" for number in range(n_reps)])
    logit = (
        -1.5
        + rng.normal(0.0, 0.4, (n_reps, 1))
        + rng.normal(0.0, 0.6, (1, n_segments))
        + rng.normal(0.0, 0.3, (n_reps, n_segments))
    )
    segment, rep = rng.integers(n_segments, size=n_history), rng.integers(n_reps, size=n_history)
    won = rng.random(n_history) < 1.0 / (1.0 + np.exp(-logit[rep, segment]))
    leads = {"lead_id": np.arange(n_leads), **_segment(rng.integers(n_segments, size=n_leads))}
    if values:
        leads["value"] = rng.lognormal(8.0, 1.0, n_leads).round(2)
    capacity = np.full(n_reps, 9 * n_leads // (10 * n_reps))
    day = np.datetime64("2024-01-01") + rng.integers(730, size=n_history)
    history = {"rep_id": rep_ids[rep], **_segment(segment), "converted": won, "at": day.astype("datetime64[us]")}
    return leads, {"rep_id": rep_ids, "capacity": capacity}, history


def _segment(segment: Any) -> dict[str, Any]:
    sources = np.array(["web", "fair", "referral", "partner", "cold call"])
    industries = np.array([f"industry {number}" for number in range(N_INDUSTRIES)])
    return {"source": sources[segment % N_SOURCES], "industry": industries[segment // N_SOURCES]}


def as_table(columns: dict[str, Any], engine: str) -> Any:
    """Return columns as a data frame of an engine."""
    if engine == "polars":
        import polars as pl

        return pl.DataFrame(columns)
    if engine == "pandas":
        import pandas as pd

        return pd.DataFrame(columns)
    import pyarrow as pa

    return pa.table(columns)
