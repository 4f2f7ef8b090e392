"""Rates and waiting times that were seen, each with its interval: no model of leads or reps, only counting with care.

`estimate` has what all share: a value with its limits, the difference and the ratio of two, rates of weighted rows and
of events over time. `kaplan_meier` has waiting times of which some have not ended yet, `groups` rates of many groups
that are drawn to each other as far as the data say.
"""
