"""Intervals of rates that were counted."""


def wilson(k: float, n: int, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a rate of k in n.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22(158).

    Examples
    --------
    >>> tuple(round(end, 3) for end in wilson(0, 10, 0.95))
    (0.0, 0.278)
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    middle, spread = k + z * z / 2.0, z * (k * (n - k) / n + z * z / 4.0) ** 0.5
    return max(0.0, (middle - spread) / (n + z * z)), min(1.0, (middle + spread) / (n + z * z))
