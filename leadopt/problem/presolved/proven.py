"""What is proven of an answer by all prices that a search left: of bounds, and of leads where it has any."""

from dataclasses import replace

from leadopt.arrays import Floats, Ints
from leadopt.problem.certify import Certificate, beside, certify
from leadopt.problem.fitting import fitting
from leadopt.problem.knapsack_bound import Knapsacks, knapsack_bound
from leadopt.problem.presolved.in_leads import Folded, in_leads, takes
from leadopt.problem.problem import Problem
from leadopt.problem.together import contraction_of


def proven(
    problem: Problem, rep_of_lead: Ints, prices: Floats, limit_prices: Floats, lead_prices: Floats | None
) -> Certificate:
    """Return the certificate of an answer at some prices (`certify`), with the bound by prices of leads if tighter."""
    return tightened(problem, certify(problem, rep_of_lead, prices, limit_prices), prices, limit_prices, lead_prices)


def tightened(
    problem: Problem, certificate: Certificate, prices: Floats, limit_prices: Floats, lead_prices: Floats | None
) -> Certificate:
    """Return a certificate with the bound by prices of leads, float64 (n_leads,), where that is the tighter one.

    Leads that stay together are one item of a knapsack, and have the sum of their prices.
    """
    if lead_prices is None:
        return certificate
    bounded, offset, whole = problem, 0.0, contraction_of(problem)
    if whole is not None:
        bounded, offset, lead_prices = whole.problem, whole.offset, whole.groups.totals(lead_prices)
        prices, limit_prices = whole.prices_of_groups(prices, limit_prices)
    bounded, limit_prices = in_leads(bounded), limit_prices * takes(bounded)
    if (folded := Folded.of(bounded)) is not None:
        bounded, (prices, limit_prices) = folded.problem, folded.prices_of_fewer(prices, limit_prices)
    bounded = fitting(bounded)
    if (packs := Knapsacks.of(bounded)) is None:
        return certificate
    without = knapsack_bound(bounded, lead_prices, knapsacks=packs)
    priced = knapsack_bound(bounded, lead_prices, prices, limit_prices, packs)
    return _with_bound(certificate, beside(min(without, priced), offset))


def _with_bound(certificate: Certificate, bound: float) -> Certificate:
    """Return a certificate with another bound, if that is the tighter one."""
    before = certificate.bound - certificate.objective
    if before <= 0 or not bound < certificate.bound:
        return certificate
    return replace(certificate, bound=bound, gap=certificate.gap * (bound - certificate.objective) / before)
