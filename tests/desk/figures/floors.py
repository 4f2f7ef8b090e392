"""Histories of small floors: rows as a CRM exports them, drawn by Hypothesis or simulated with a known truth."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = 3_600e6, 86_400e6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(days):
    """The moment so many days after the start, to the hour."""
    return START + timedelta(hours=round(24 * days))


def micro(moment):
    return (moment - EPOCH) // timedelta(microseconds=1)


@st.composite
def rows(draw, most=14):
    """Rows of leads within six weeks: given, perhaps answered, perhaps settled, perhaps given to a second rep."""
    found = []
    for lead in range(draw(st.integers(1, most))):
        came = draw(st.integers(0, 40 * 24))
        given = came
        for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
            given += draw(st.integers(0, 48))
            answer, end = draw(st.none() | st.integers(0, 200)), draw(st.none() | st.integers(0, 400))
            won = draw(st.booleans()) if end is not None else None
            found.append(
                {
                    "lead_id": lead,
                    "rep_id": draw(st.sampled_from(["Ann", "Bo", "Cy"])),
                    "received_at": at(came / 24),
                    "assigned_at": at(given / 24),
                    "first_response_at": None if answer is None else at((given + answer) / 24),
                    "due_at": at((given + 72) / 24),
                    "at": None if end is None else at((given + end) / 24),
                    "converted": won,
                    "complaints": draw(st.sampled_from([0, 0, 1])),
                    "source": draw(st.sampled_from(["web", "fair"])),
                }
            )
            if end is not None:
                break
    return found


def floor(rng, n, *, days=56.0, answer_hours=24.0, never=0.1, conversion=0.2, win_days=12.0, start=0.0, source=None):
    """Rows of leads that come evenly over some days, with a known truth; what is not over at their end is not told."""
    end, found = start + days, []
    for k in range(n):
        given = start + days * float(rng.random())
        answered = np.inf if rng.random() < never else given + float(rng.exponential(answer_hours)) / 24
        won = rng.random() < (conversion(k) if callable(conversion) else conversion)
        settled = given + float(rng.gamma(3.0, win_days / 3.0) if won else rng.gamma(2.0, 6.0))
        found.append(
            {
                "lead_id": f"{start:g}-{k}",
                "rep_id": ("Ann", "Bo", "Cy", "Di")[k % 4],
                "assigned_at": START + timedelta(given),
                "first_response_at": START + timedelta(answered) if answered < end else None,
                "at": START + timedelta(settled) if settled < end else None,
                "converted": bool(won) if settled < end else None,
                "source": ("web", "fair")[k % 2] if source is None else source(k),
            }
        )
    return found


def held(truth, found):
    """Whether an interval holds the truth."""
    return found.low <= truth <= found.high
