"""Simulated sales floors whose truth is known (`floor`), and seasons played on them by policies (`simulate`)."""
