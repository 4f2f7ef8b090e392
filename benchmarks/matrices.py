"""What `match` is measured on: gains and capacities from a seed, or from OR-Library, kept in a folder of .npy files."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import ROOT

N_KINDS = 200  # rows of rates of a factored instance, and segments of a dense one
N_TERRITORIES = 20
_CHUNK = 1 << 21  # pairs made together: 16 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Gains, dense or as ``rates[row] * scale``, with capacities and the reserve."""

    rates: Any
    capacity: Any
    row: Any = None
    scale: Any = None
    reserve: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        return (len(self.rates if self.row is None else self.row), self.rates.shape[1])

    @property
    def input_mb(self) -> float:
        """Return how much memory the input takes."""
        arrays = (self.rates, self.capacity, self.row, self.scale)
        return float(sum(array.nbytes for array in arrays if array is not None)) / 2**20

    def affinity(self) -> Any:
        """Return what `match` takes."""
        import leadopt

        if self.row is None:
            return self.rates
        return leadopt.Affinity(rates=self.rates, row=self.row, scale=self.scale)

    def gains(self) -> Any:
        """Return the dense matrix that the peers take, of gains above the reserve.

        A pair that nobody may or need use gains 0, the same as the pool: peers know nothing of either.
        """
        reserve = self.reserve if np.isfinite(self.reserve) else 0.0
        if self.row is None and reserve == 0.0 and self.rates.min(initial=0.0) >= 0.0:
            return self.rates
        gains = self.rates.copy() if self.row is None else self.rates[self.row]
        if self.scale is not None:
            with np.errstate(invalid="ignore"):  # 0 * -inf: worth nothing, and not eligible either
                gains *= self.scale[:, None]
        gains -= reserve
        return np.fmax(gains, 0.0, out=gains)

    def worth(self, rep_of_lead: Any) -> float:
        """Return the total gain and reserve of an answer, which must keep to the capacities."""
        rep = np.asarray(rep_of_lead)
        placed = np.flatnonzero(rep >= 0)
        if (np.bincount(rep[placed], minlength=len(self.capacity)) > self.capacity).any():
            raise AssertionError("an answer exceeds a capacity")
        if self.row is None:
            gained = self.rates[placed, rep[placed]]
        else:
            gained = self.rates[self.row[placed], rep[placed]] * self.scale[placed]
        pooled = len(rep) - len(placed)
        return float(gained.sum()) + (self.reserve * pooled if pooled else 0.0)


def save(instance: Instance, folder: str) -> None:
    """Write an instance, so that the processes that are measured need not make it."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in ("rates", "capacity", "row", "scale", "reserve"):
        value = getattr(instance, name)
        if value is not None:
            np.save(Path(folder) / f"{name}.npy", value)


def load(folder: str) -> Instance:
    """Return a saved instance, all of it in memory."""
    arrays = {path.stem: np.load(path) for path in Path(folder).glob("*.npy")}
    return Instance(**{**arrays, "reserve": float(arrays["reserve"])})


def write(folder: str, kind: str, **settings: Any) -> dict[str, float]:
    """Make and save an instance; return its size."""
    instance = MAKERS[kind](**settings)
    save(instance, folder)
    return {"input_mb": instance.input_mb}


def dense(n: int, m: int, slots: float = 1.1, even: bool = False, seed: int = 0) -> Instance:
    """Return probability times value: log-odds of rank 5 and noise, log-normal values.

    Parameters
    ----------
    slots
        all capacities together, by lead
    even
        whether all reps have the same capacity
    """
    rng = np.random.default_rng(seed)
    logit = _segment_logits(rng, N_KINDS, m)
    gains = np.empty((n, m))
    step = max(1, _CHUNK // m)
    for start in range(0, n, step):
        part = gains[start : start + step]
        part[:] = logit[rng.integers(N_KINDS, size=len(part))]
        part += rng.normal(0.0, 0.5, part.shape)
        _sigmoid(part)
        part *= rng.lognormal(8.0, 1.0, (len(part), 1))
    return Instance(rates=gains, capacity=_shares(rng, m, round(slots * n), even))


def factored(n: int, m: int, slots: float = 1.1, seed: int = 0) -> Instance:
    """Return the same leads without noise of their own: 200 rows of rates, log-normal values, uneven capacities."""
    rng = np.random.default_rng(seed)
    rates = _sigmoid(_segment_logits(rng, N_KINDS, m))
    row, scale = rng.integers(N_KINDS, size=n), rng.lognormal(8.0, 1.0, n)
    return Instance(rates=rates, row=row, scale=scale, capacity=_shares(rng, m, round(slots * n)))


def identical(n: int, m: int, n_kinds: int = 60, seed: int = 0) -> Instance:
    """Return leads in a few kinds without values, and slots for nine in ten."""
    rng = np.random.default_rng(seed)
    rates = _sigmoid(_segment_logits(rng, n_kinds, m))
    row = rng.integers(n_kinds, size=n)
    return Instance(rates=rates, row=row, scale=np.ones(n), capacity=_shares(rng, m, round(0.9 * n)))


def uniform(n: int, m: int, slots: float = 1.1, seed: int = 0) -> Instance:
    """Return gains without any structure: what hard instances are compared with."""
    rng = np.random.default_rng(seed)
    return Instance(rates=rng.random((n, m)), capacity=_shares(rng, m, round(slots * n), even=True))


def whole(n: int, m: int, most: int, slots: float = 1.1, seed: int = 0) -> Instance:
    """Return whole gains from 0 to `most`, so that nearly everything ties; 0 means that all gain 1."""
    rng = np.random.default_rng(seed)
    gains = rng.integers(0, most + 1, (n, m)).astype(float) if most else np.ones((n, m))
    return Instance(rates=gains, capacity=_shares(rng, m, round(slots * n)))


def tied_kinds(n: int, m: int, seed: int = 0) -> Instance:
    """Return a factored instance of whole rates and whole scales: ties within and between kinds."""
    rng = np.random.default_rng(seed)
    rates, row = rng.integers(0, 10, (N_KINDS, m)).astype(float), rng.integers(N_KINDS, size=n)
    scale = rng.integers(1, 6, n).astype(float)
    return Instance(rates=rates, row=row, scale=scale, capacity=_shares(rng, m, n))


def rank_one(n: int, m: int, seed: int = 0) -> Instance:
    """Return a dense matrix of one rate for each rep times one value for each lead: everybody wants the same reps."""
    rng = np.random.default_rng(seed)
    gains = rng.lognormal(0.0, 1.0, (n, 1)) * rng.random(m)
    return Instance(rates=gains, capacity=_shares(rng, m, round(1.1 * n)))


def near_ties(n: int, m: int, apart: float = 1e-6, slots: float = 1.1, seed: int = 0) -> Instance:
    """Return gains that differ much between leads, and next to nothing between reps."""
    rng = np.random.default_rng(seed)
    gains = rng.random((n, 1)) + apart * rng.random((n, m))
    return Instance(rates=gains, capacity=_shares(rng, m, round(slots * n)))


def rounded(n: int, m: int, decimals: int, slots: float = 1.1, seed: int = 0) -> Instance:
    """Return uniform gains as people write them."""
    rng = np.random.default_rng(seed)
    return Instance(rates=rng.random((n, m)).round(decimals), capacity=_shares(rng, m, round(slots * n)))


def ineligible(n: int, m: int, share: float = 0.97, seed: int = 0) -> Instance:
    """Return uniform gains of which so many pairs are ineligible, scattered."""
    rng = np.random.default_rng(seed)
    gains = rng.random((n, m))
    gains[rng.random((n, m)) < share] = -np.inf
    return Instance(rates=gains, capacity=_shares(rng, m, round(1.1 * n)))


def diagonal(n: int, m: int, n_blocks: int = 10, seed: int = 0) -> Instance:
    """Return uniform gains in blocks along the diagonal, with as many slots as leads; -inf elsewhere."""
    rng = np.random.default_rng(seed)
    outside = (np.arange(n) * n_blocks // n)[:, None] != np.arange(m) * n_blocks // m
    return Instance(rates=np.where(outside, -np.inf, rng.random((n, m))), capacity=_shares(rng, m, n))


def line(n: int, seed: int = 0) -> Instance:
    """Return 1 less the squared distance of points on a line, one slot a rep: nearest ones are taken in turn."""
    rng = np.random.default_rng(seed)
    return Instance(rates=1.0 - (rng.random((n, 1)) - rng.random(n)) ** 2, capacity=np.ones(n, dtype=np.int64))


def machol_wien(n: int) -> Instance:
    """Return Machol and Wien's costs i j as gains, on which shortest augmenting paths are as long as can be.

    Machol and Wien (1976), A hard assignment problem. doi:10.1287/opre.24.1.190
    """
    place = np.arange(1.0, n + 1)
    return Instance(rates=float(n) ** 2 - np.outer(place, place), capacity=np.ones(n, dtype=np.int64))


def territories(n: int, m: int, seed: int = 0) -> Instance:
    """Return gains in 20 separate territories, -inf elsewhere; one rep in ten works in all."""
    rng = np.random.default_rng(seed)
    instance = dense(n, m, seed=seed)
    home, everywhere = np.arange(m) % N_TERRITORIES, np.arange(m) // N_TERRITORIES % 10 == 0
    for start in range(0, n, 1000):
        part = instance.rates[start : start + 1000]
        where = rng.integers(N_TERRITORIES, size=(len(part), 1))
        part[(home != where) & ~everywhere] = -np.inf
    return instance


def wide(n: int, m: int, seed: int = 0) -> Instance:
    """Return gains over 24 powers of ten."""
    rng = np.random.default_rng(seed)
    return Instance(rates=10.0 ** rng.uniform(-12, 12, (n, m)), capacity=_shares(rng, m, round(1.1 * n)))


def signed(n: int, m: int, seed: int = 0) -> Instance:
    """Return gains around 0, with a pool that costs half a unit a lead."""
    rng = np.random.default_rng(seed)
    return Instance(rates=rng.normal(size=(n, m)), capacity=_shares(rng, m, round(1.1 * n)), reserve=-0.5)


def each(n: int, m: int, capacity: int, seed: int = 0) -> Instance:
    """Return uniform gains where every rep has the same few slots."""
    return Instance(rates=uniform(n, m, seed=seed).rates, capacity=np.full(m, capacity))


def orlib(n: int) -> Instance:
    """Return OR-Library's assignment problem of size n as gains: 100 less the cost; every lead must be placed."""
    numbers = np.array((data_folder() / "orlib-assign" / f"assign{n}.txt").read_text(encoding="utf-8").split(), float)
    costs = numbers[1:].reshape(n, n)
    return Instance(rates=100.0 - costs, capacity=np.ones(n, dtype=np.int64), reserve=-np.inf)


def orlib_optimum(n: int) -> float:
    """Return the best gain of `orlib(n)`, from the published least cost."""
    lines = (data_folder() / "orlib-assign" / "optima.txt").read_text(encoding="utf-8").splitlines()
    return 100.0 * n - {int(size): float(least) for size, least in map(str.split, lines) if size.isdigit()}[n]


def data_folder() -> Path:
    """Return where real data lie; they may be absent."""
    return Path(os.environ.get("LEADOPT_DATA", ROOT.parent / "shared" / "data"))


MAKERS: dict[str, Callable[..., Instance]] = {
    maker.__name__: maker
    for maker in (
        *(dense, factored, identical, uniform, whole, tied_kinds, rank_one),
        *(near_ties, rounded, ineligible, diagonal, line, machol_wien),
        *(territories, wide, signed, each, orlib),
    )
}


def _segment_logits(rng: Any, n_segments: int, m: int) -> Any:
    skill, segment = rng.normal(0.0, 0.4, (1, m)), rng.normal(0.0, 0.6, (n_segments, 1))
    return -1.5 + skill + segment + rng.normal(0.0, 0.4, (n_segments, 3)) @ rng.normal(0.0, 0.4, (3, m))


def _sigmoid(logit: Any) -> Any:
    """Return probabilities, written over the log-odds."""
    np.negative(logit, out=logit)
    np.exp(logit, out=logit)
    logit += 1.0
    return np.reciprocal(logit, out=logit)


def _shares(rng: Any, m: int, total: int, even: bool = False) -> Any:
    """Return capacities that add up to the total: even, or from half to one and a half times the mean."""
    weight = np.ones(m) if even else rng.uniform(0.5, 1.5, m)
    upto = np.rint(np.cumsum(weight) / weight.sum() * total).astype(np.int64)
    return np.diff(upto, prepend=0)
