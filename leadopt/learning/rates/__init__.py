"""Rates and waiting times that were seen, each with its interval: no model of leads or reps, only counting with care.

`intervals` has limits of rates and of differences, `estimate` a value with its limits, of weighted rows and of events
over time. `kaplan_meier` has waiting times of which some have not ended yet, `groups` rates of many groups that are
drawn to each other as far as the data say.
"""
