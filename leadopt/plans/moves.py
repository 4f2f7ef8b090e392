"""Which leads a plan took away from the reps who had them, and which of these moves pay."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Kept
from leadopt.decision.clock import Clock
from leadopt.decision.keep import with_stay_bonus
from leadopt.errors import Infeasible, InvalidInput, SolverFailed
from leadopt.matching import Match, solve
from leadopt.plans.pins import costs_of_moves
from leadopt.problem.presolved.proven import proven
from leadopt.problem.problem import Problem
from leadopt.solvers import Near
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import count, number

_TINY = 1e-10  # of a usual gain: what tells equally good answers apart, and is beneath every certificate
_MOST_PAIRS = 20_000_000  # each lead that may stay gets a row of its own: 160 MB
_SHOWN = 10


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
    kinder = with_stay_bonus(problem, allowed, _TINY * float(usual))
    near = Near(prices=found.prices, limit_prices=found.limit_prices, rep_of_lead=found.rep_of_lead)
    nearer = solve(kinder, rng=rng, near=near).rep_of_lead
    as_good = proven(problem, nearer, found.prices, found.limit_prices, found.lead_prices).optimal
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
        what it would gain where it was, and what it gains now; the former is None where it may not stay
    cost
        what moving costs; 0 where it may not stay
    brings
        what the whole plan would lose if this lead had to stay, all else rearranged at its best: 0 = no matter,
        inf = no plan allows it to stay, None = not known, as the plan is not known to be the best, or as limits do not
        nest (hours, bands of value, accounts) among more than 100 pairs of leads and reps
    why
        why it may not stay, in words; empty where it may
    """

    lead_id: Id
    rep_before: Id
    rep_after: Id | None
    gain_before: float | None
    gain_after: float
    cost: float
    brings: float | None
    why: str = ""

    @property
    def net(self) -> float | None:
        """What this move alone adds, its cost paid; one that is below 0 makes room for others. None if it must be."""
        return None if self.gain_before is None else self.gain_after - self.gain_before - self.cost


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Moves(Result):
    """Which leads were taken away from the reps who had them, and what that brings.

    Parameters
    ----------
    moves
        those that must be first, then the one that brings most
    n_kept
        leads that stayed
    unit
        of gains
    brings
        what the plan is worth more than the best one in which no lead that may stay is taken away, what the moves cost
        being paid; None where not all of these can stay
    """

    moves: tuple[Move, ...]
    n_kept: int
    unit: str
    brings: float | None
    like: Table = field(repr=False)

    @property
    def cost(self) -> float:
        """What the moves cost together."""
        return float(sum(move.cost for move in self.moves))

    def frame(self) -> Any:
        """Return one row per move, of the same kind of table as the leads were.

        Columns: lead_id, rep_before, rep_after (None = pool), gain_before, gain_after, cost, net, brings, and why a
        lead may not stay.
        """
        names = ("lead_id", "rep_before", "rep_after", "gain_before", "gain_after", "cost", "net", "brings", "why")
        return self.like.build(
            {name: [getattr(move, name) for move in self.moves] for name in names}, numbers=names[3:-1]
        )

    def summary(self) -> str:
        """Return the moves in one sentence."""
        total = self.n_kept + len(self.moves)
        if not self.moves:
            return f"none of {count(total, 'lead')} moves"
        worth = "not all could stay" if self.brings is None else f"net {number(self.brings)} {self.unit} more"
        moved = f"{len(self.moves)} of {count(total, 'lead')} move{'s' * (len(self.moves) == 1)}"
        must = sum(bool(move.why) for move in self.moves)
        if must == len(self.moves):
            return f"{moved}, as {'it' if must == 1 else 'they'} may not stay"
        some = f", {must} of them as {'it' if must == 1 else 'they'} may not stay" if must else ""
        return f"{moved}{some}: {worth}, {number(self.cost)} for moving"

    @property
    def _cells(self) -> Cells:
        rows = [
            [
                str(move.lead_id),
                str(move.rep_before),
                "pool" if move.rep_after is None else str(move.rep_after),
                number(move.gain_after - (move.gain_before or 0.0)),
                "-" if move.net is None else number(move.net),
                move.why or _costs(move.brings),
            ]
            for move in self.moves[:_SHOWN]
        ]
        return ["lead", "from", "to", "gains", "net", "keeping it would cost"], rows

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        rest = len(self.moves) - _SHOWN
        more = [f"and {rest} more in .frame()"] if rest > 0 else []
        if page:
            return Parts(tables=[self._cells] if self.moves else [], notes=more)
        said = {"-": "", "must move": "; it must move"}
        lines = [
            f"{lead}: {before} -> {after}, "
            + (move.why or f"gains {gains}, net {net}{said.get(brings, f'; keeping it costs {brings}')}")
            for move, (lead, before, after, gains, net, brings) in zip(self.moves, self._cells[1], strict=False)
        ]
        return Parts(lines=[*lines, *more])


def _costs(brings: float | None) -> str:
    """Return what keeping a lead would cost, in words."""
    return "-" if brings is None else "must move" if np.isinf(brings) else number(brings)


def moves_of(plan: Answered) -> Moves:
    """Return who was taken away from the rep who had it, and what each move brings; those who must go come first.

    Raises
    ------
    InvalidInput
        the case knows no previous reps
    """
    if plan.case.kept is None:
        raise InvalidInput("this plan knows of no earlier one: pass it as assign(..., keep=, move_cost=)")
    kept = plan.case.kept
    moved = np.flatnonzero((kept.previous >= 0) & (plan.rep_of_lead != kept.previous))
    moves = _each(plan, kept, moved)
    order = sorted(range(len(moves)), key=lambda k: -np.inf if moves[k].brings is None else -moves[k].brings)  # type: ignore[operator]
    return Moves(
        moves=(*_lost(plan, kept), *(moves[k] for k in order)),
        n_kept=int((kept.previous >= 0).sum()) - len(moved),
        unit=plan.case.unit,
        like=plan.like,
        brings=_brings(plan, kept) if len(moved) else 0.0,
    )


def _brings(plan: Answered, kept: Kept) -> float | None:
    """Return what an answer is worth more than the best one in which every lead stays that was somewhere."""
    problem = plan.case.problem
    stays = np.where((problem.pins < 0) & (kept.previous >= 0), kept.previous, problem.pins)
    try:
        known = Near(prices=plan.capacity_prices, limit_prices=plan.limit_prices_of_problem, rep_of_lead=stays)
        best = Clock().solve(problem.replace(pins=stays), "what moves bring", near=known).objective
    except (Infeasible, InvalidInput, SolverFailed):  # leads that stay together now may have had several reps
        return None
    return plan.certificate.objective - best


def _lost(plan: Answered, kept: Kept) -> list[Move]:
    """Return the moves of leads whose rep left, is away, or may not keep them."""
    case, away = plan.case, dict(zip(plan.case.rep_ids, plan.case.away.tolist(), strict=True))
    gains = plan.gains_now(np.array([lead for lead, _ in kept.lost], dtype=np.int64)).tolist()
    return [
        Move(
            lead_id=case.lead_ids[lead],
            rep_before=owner,
            rep_after=None if plan.rep_of_lead[lead] < 0 else case.rep_ids[plan.rep_of_lead[lead]],
            gain_before=None,
            gain_after=gain,
            cost=0.0,
            brings=np.inf,
            why=f"{owner} {_why_lost(away.get(owner))}",
        )
        for (lead, owner), gain in zip(kept.lost, gains, strict=True)
    ]


def _why_lost(away: bool | None) -> str:
    """Return why a lead cannot stay with a rep who is away or not, None = not among the reps."""
    return "is not in reps any more" if away is None else "is away" if away else "may not have it any more"


def _cost_to_stay(plan: Answered, lead: int, rep: int) -> float | None:
    """Return what the plan would lose if a lead had to stay with a rep; None where that is not known."""
    costs = costs_of_moves(plan, lead, np.array([rep]))
    return None if costs is None or np.isnan(costs[0]) else float(costs[0])


def _each(plan: Answered, kept: Kept, moved: Ints) -> Sequence[Move]:
    case = plan.case
    before, after = kept.previous[moved], plan.rep_of_lead[moved]
    gains_before = kept.gains.at(moved, before).tolist()
    gains_after = np.where(after >= 0, kept.gains.at(moved, np.maximum(after, 0)), case.pool_gain).tolist()
    return [
        Move(
            lead_id=case.lead_ids[lead],
            rep_before=case.rep_ids[old],
            rep_after=None if new < 0 else case.rep_ids[new],
            gain_before=was,
            gain_after=now,
            cost=kept.move_cost,
            brings=_cost_to_stay(plan, lead, old),
        )
        for lead, old, new, was, now in zip(
            moved.tolist(), before.tolist(), after.tolist(), gains_before, gains_after, strict=True
        )
    ]
