"""The statistics: effects of crossed families, each shrunk as far as the data say.

`logistic` fits them to outcomes, `normal` to a quantity such as the logarithm of a value; `families` says which there
are, `spreads` how much their levels differ, `crossed` holds the linear algebra, `draws` draws from the posterior and
`smearing` goes back from logarithms to amounts.
"""
