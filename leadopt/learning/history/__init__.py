"""What is read of a history: outcomes, values and loads in numbers, columns as levels, and what its user should know.

`outcomes`, `won_values` and `past_loads` read tables, `attributes` and `bins` make levels of columns, `codes` numbers
of levels, `tally` counts by cell and discounts by age, `checks` finds what is wrong with it all.
"""
