"""Trials with a random group: `holdout` draws it, `power` says how many leads it takes, `measure_lift` reads it."""
