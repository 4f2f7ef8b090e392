"""Planning again with few moves: who had the leads before, what taking one away costs, and which moves pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.again import solve_again
from leadopt.case import Case, Kept
from leadopt.certify import certify
from leadopt.errors import Infeasible, InvalidInput
from leadopt.frames import check_same_kind
from leadopt.gains import Affinity
from leadopt.matching import Match, solve
from leadopt.problem import Problem
from leadopt.solvers.exchange import Exchange
from leadopt.tables import count, html, number
from leadopt.values import Id, as_id, is_number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TINY = 1e-10  # of a usual gain: what tells equally good answers apart, and is beneath every certificate
_MOST_PAIRS = 20_000_000  # each lead that may stay gets a row of its own: 160 MB
_SHOWN = 10


def keep(case: Case, previous: Mapping[Any, Any], move_cost: float) -> Case:
    r"""Return the case in which taking a lead away from the rep who had it costs something.

    .. math:: \max \sum_{ij} gain_{ij} x_{ij} - move\_cost \cdot \#\{i : i \text{ leaves its previous rep}\} + \dots

    A lead that is sent back to the pool is taken away, too. Leads that had no rep, or one who is not among the reps any
    more or may not have them, are free, and notes say how many.

    Parameters
    ----------
    previous
        lead id -> rep id; leads that are not in this batch are passed over
    move_cost
        in the unit of gains, 0 or more

    Raises
    ------
    InvalidInput
        a cost that is none, ids of another kind, or no lead in common

    Notes
    -----
    O(kept leads x reps) memory: each of them gets rates of its own, unless it is like another in all respects.
    """
    if not (is_number(move_cost) and 0 <= move_cost < np.inf):
        raise InvalidInput(f"move_cost: must be a finite number, 0 or more; found {move_cost!r}")
    had, notes = _previous_reps(case, previous)
    problem = with_stay_bonus(case.problem, had, float(move_cost))
    kept = Kept(previous=had, move_cost=float(move_cost), gains=case.gains)
    return replace(case, problem=problem, kept=kept, notes=(*case.notes, *notes))


def _previous_reps(case: Case, previous: Mapping[Any, Any]) -> tuple[Ints, list[str]]:
    """Return the rep that each lead had and may keep, -1 = none, and what was left out, in words."""
    if not isinstance(previous, Mapping):
        raise InvalidInput(f"keep: must be a Plan or a dict from lead id to rep id; found {type(previous).__name__}")
    plain = {as_id(lead): as_id(rep) for lead, rep in previous.items()}
    check_same_kind("keep (lead ids)", [lead for lead in plain if lead is not None], "leads", case.lead_ids)
    check_same_kind("keep (rep ids)", [rep for rep in plain.values() if rep is not None], "reps", case.rep_ids)
    reps = {rep: place for place, rep in enumerate(case.rep_ids)}
    had = np.array([reps.get(plain.get(lead, ""), -1) for lead in case.lead_ids], dtype=np.int64)  # type: ignore[arg-type]
    known = [lead for lead in case.lead_ids if plain.get(lead) is not None]
    if plain and case.lead_ids and not set(plain) & set(case.lead_ids):
        raise InvalidInput(f"keep: none of its {len(plain)} leads is among the leads; pass the plan of the same leads")
    gone = len(known) - int((had >= 0).sum())
    held = np.flatnonzero(had >= 0)
    barred = held[np.isneginf(case.problem.affinity.at(held, had[held]))]
    had[barred] = -1
    notes = [f"{count(gone, 'lead')} had a rep who is not in reps any more: free to go anywhere"] if gone else []
    return had, notes + (
        [f"{count(len(barred), 'lead')} may not stay with their rep: not eligible any more"] if len(barred) else []
    )


def with_stay_bonus(problem: Problem, previous: Ints, bonus: float) -> Problem:
    """Return the problem in which each lead gains `bonus` more with its previous rep (-1 = none)."""
    held = np.flatnonzero(previous >= 0)
    if not bonus or not len(held):
        return problem
    affinity = problem.affinity
    kinds = np.column_stack([affinity.row[held], previous[held]])
    _, example, kind = np.unique(
        np.column_stack([kinds, affinity.scale[held].view(np.int64)]), axis=0, return_index=True, return_inverse=True
    )
    rates = affinity.of(held[example])
    rates[np.arange(len(rates)), previous[held[example]]] += bonus
    row, scale = affinity.row.copy(), affinity.scale.copy()
    row[held], scale[held] = len(affinity.rates) + kind.reshape(-1), 1.0
    return problem.replace(affinity=Affinity(rates=np.vstack([affinity.rates, rates]), row=row, scale=scale))


def settled(problem: Problem, found: Match, previous: Ints, rng: "int | np.random.Generator" = 0) -> Ints:
    """Return an answer as good as the one that was found, with more leads where they were, int64 (n_leads,).

    Among equally good answers `solve` draws one by lot; here as many leads stay as a bonus too small to matter keeps
    in their place. Beyond 20 million pairs the answer comes back as it is.
    """
    moves = (previous >= 0) & (found.rep_of_lead != previous)
    if found.status.name != "OPTIMAL" or not moves.any() or problem.n_leads * problem.n_reps > _MOST_PAIRS:
        return found.rep_of_lead
    allowed = np.where(
        np.isneginf(problem.affinity.at(np.arange(problem.n_leads), np.maximum(previous, 0))), -1, previous
    )
    placed = np.flatnonzero(found.rep_of_lead >= 0)
    usual = np.abs(problem.affinity.at(placed, found.rep_of_lead[placed])).mean() if len(placed) else 0.0
    nearer = solve(with_stay_bonus(problem, allowed, _TINY * float(usual)), rng=rng, prices=found.prices).rep_of_lead
    as_good = certify(problem, nearer, found.prices, found.limit_prices).optimal
    fewer = ((previous >= 0) & (nearer != previous)).sum() < moves.sum()
    return nearer if as_good and fewer else found.rep_of_lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A lead that was taken away from its rep.

    Parameters
    ----------
    lead_id, rep_before, rep_after
        `rep_after` is None for a lead in the pool
    gain_before, gain_after
        what it would gain where it was, and what it gains now
    cost
        what moving costs
    brings
        what the whole plan would lose if this lead had to stay, all else rearranged at its best: 0 = no matter,
        inf = no plan allows it to stay, None = not known, as the plan is not proven best
    """

    lead_id: Id
    rep_before: Id
    rep_after: Id | None
    gain_before: float
    gain_after: float
    cost: float
    brings: float | None

    @property
    def net(self) -> float:
        """What this move alone adds, its cost paid; one that is below 0 makes room for others."""
        return self.gain_after - self.gain_before - self.cost


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Moves:
    """Which leads were taken away from the reps who had them, and what that brings.

    Parameters
    ----------
    moves
        the one that brings most first
    n_kept
        leads that stayed
    unit
        of gains
    brings
        what the plan is worth more than the best one in which no lead is taken away, what the moves cost being paid;
        None where not all can stay
    """

    moves: tuple[Move, ...]
    n_kept: int
    unit: str
    brings: float | None

    @property
    def cost(self) -> float:
        """What the moves cost together."""
        return float(sum(move.cost for move in self.moves))

    def columns(self) -> dict[str, list[Any]]:
        """Return one entry per move, as columns for a data frame."""
        names = ("lead_id", "rep_before", "rep_after", "gain_before", "gain_after", "cost", "net", "brings")
        return {name: [getattr(move, name) for move in self.moves] for name in names}

    def summary(self) -> str:
        """Return the moves in one sentence."""
        total = self.n_kept + len(self.moves)
        if not self.moves:
            return f"none of {count(total, 'lead')} moves"
        worth = "not all could stay" if self.brings is None else f"net {number(self.brings)} {self.unit} more"
        moved = f"{len(self.moves)} of {count(total, 'lead')} move{'s' * (len(self.moves) == 1)}"
        return f"{moved}: {worth}, {number(self.cost)} for moving"

    @property
    def _cells(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [
                str(move.lead_id),
                str(move.rep_before),
                "pool" if move.rep_after is None else str(move.rep_after),
                number(move.gain_after - move.gain_before),
                number(move.net),
                "-" if move.brings is None else "must move" if np.isinf(move.brings) else number(move.brings),
            ]
            for move in self.moves[:_SHOWN]
        ]
        return ["lead", "from", "to", "gains", "net", "keeping it would cost"], rows

    def __str__(self) -> str:
        lines = [self.summary()]
        for lead, before, after, gains, net, brings in self._cells[1]:
            keeping = (
                "" if brings == "-" else "; it must move" if brings == "must move" else f"; keeping it costs {brings}"
            )
            lines.append(f"  {lead}: {before} -> {after}, gains {gains}, net {net}{keeping}")
        more = len(self.moves) - _SHOWN
        return "\n".join(lines + ([f"  and {more} more"] if more > 0 else []))

    def __repr__(self) -> str:
        return f"<Moves: {self.summary()}>"

    def _repr_html_(self) -> str:
        more = f"<p>{len(self.moves) - _SHOWN} more in <code>.columns()</code></p>" if len(self.moves) > _SHOWN else ""
        return f"<p><b>{escape(self.summary())}</b></p>{html(*self._cells)}{more}"


def moves_of(case: Case, rep_of_lead: Ints, near: tuple[Floats, Floats], exchange: Exchange | None) -> Moves:
    """Return who was taken away from the rep who had it, and what each move brings; `near` are the answer's prices.

    Raises
    ------
    InvalidInput
        the case knows no previous reps
    """
    if case.kept is None:
        raise InvalidInput("this plan knows of no earlier one: pass it as assign(..., keep=, move_cost=)")
    kept = case.kept
    moved = np.flatnonzero((kept.previous >= 0) & (rep_of_lead != kept.previous))
    moves = _each(case, kept, moved, rep_of_lead, exchange)
    order = sorted(range(len(moves)), key=lambda k: -np.inf if moves[k].brings is None else -moves[k].brings)  # type: ignore[operator]
    return Moves(
        moves=tuple(moves[k] for k in order),
        n_kept=int((kept.previous >= 0).sum()) - len(moved),
        unit=case.unit,
        brings=_brings(case, kept, rep_of_lead, near) if len(moved) else 0.0,
    )


def _brings(case: Case, kept: Kept, rep_of_lead: Ints, near: tuple[Floats, Floats]) -> float | None:
    """Return what an answer is worth more than the best one in which every lead stays that was somewhere."""
    problem = case.problem
    stays = np.where((problem.pins < 0) & (kept.previous >= 0), kept.previous, problem.pins)
    try:
        best = solve_again(problem.replace(pins=stays), *near).objective
    except Infeasible:
        return None
    return certify(problem, rep_of_lead, *near).objective - best


def _each(case: Case, kept: Kept, moved: Ints, rep_of_lead: Ints, exchange: Exchange | None) -> Sequence[Move]:
    before, after = kept.previous[moved], rep_of_lead[moved]
    gains_before = kept.gains.at(moved, before).tolist()
    placed = kept.gains.at(moved, np.maximum(after, 0))
    reserve = case.problem.reserve if np.isfinite(case.problem.reserve) else 0.0
    gains_after = np.where(after >= 0, placed, reserve).tolist()
    return [
        Move(
            lead_id=case.lead_ids[lead],
            rep_before=case.rep_ids[old],
            rep_after=None if new < 0 else case.rep_ids[new],
            gain_before=was,
            gain_after=now,
            cost=kept.move_cost,
            brings=None if exchange is None else float(exchange.move_costs(lead)[old]),
        )
        for lead, old, new, was, now in zip(
            moved.tolist(), before.tolist(), after.tolist(), gains_before, gains_after, strict=True
        )
    ]
