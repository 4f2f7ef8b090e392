"""The life of a lead between and after plans, as pure functions of data: no storage, no clock, no network.

`calendar` has durations and working time, `rules` every setting of the desk. Moments are whole microseconds since 1970,
UTC; what keeps them is `leadopt.desk`.
"""
