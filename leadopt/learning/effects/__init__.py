"""The statistics: effects of crossed families, each shrunk as far as the data say.

`posterior` fits them: to outcomes by the likelihood in `logistic`, to a quantity such as the logarithm of a value by
that in `normal`. `families` says which there are, `spreads` how much their levels differ, `crossed` holds the linear
algebra, `mixture` averages over what is not known of the spreads, `draws` holds what is saved of that, and `smearing`
goes back from logarithms to amounts.
"""
