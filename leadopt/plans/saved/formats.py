"""A plan as it is saved: what each class and field is called in the file, and what is checked of a file that is read.

A file outlives the version that wrote it. Where a class or a field gets a new name in Python, its line here keeps the
old one (``old:new``), and tests/golden holds files of every format. What a file of an earlier format says otherwise is
told in `_FORMATS`.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.capacity import Hours
from leadopt.decision.case import Case, Evidence, Explored, Kept, States
from leadopt.decision.reading.accounts import Owned
from leadopt.decision.shares import SHARED, Shared
from leadopt.eligibility import ExcludeRule, MatchRule, SkillsRule, Verdicts
from leadopt.errors import InvalidInput
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.learning.effects.draws import Joint
from leadopt.learning.estimates import Estimates
from leadopt.learning.lead_worth import Valued, Worths
from leadopt.learning.past_assignment import PastAssignment
from leadopt.limit_rules import LimitRule
from leadopt.plans.saved.encoding import Record, decode_parts, encode, parse
from leadopt.plans.saved.names_of_format_1 import with_kinds
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.tables.columns import Columns
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes

FORMAT = 2
RECORDS = (
    Record("affinity", Affinity, "rates row scale"),
    Record("eligible pairs", SparseRows, "first rep gain n_reps"),
    Record("limit", Limit, "reps leads usage lower upper penalty name kind of"),
    Record("hours", Hours, "left usual effort pace alone"),
    Record("problem", Problem, "affinity capacity limits pins reserve together even_by"),
    Record(
        "columns",
        Columns,
        "lead_id rep_id value currency capacity available open_leads max_open min_leads effort hours open_hours pace "
        "credit in_fairness carried owner current_rep is_newcomer tenure_days hired_on territory converted at "
        "assigned_at count leads reps history",
    ),
    Record("match", MatchRule, "column reps_column"),
    Record("skills", SkillsRule, "needs has"),
    Record("exclude", ExcludeRule, "pairs column"),
    Record("fairness", Fairness, "low high entitlement of weight maximin hot_share"),
    Record(
        "newcomers",
        NewcomerQuota,
        "share min_leads tenure_days value_share max_hot_share hot_share protect ramp_days ramp",
    ),
    Record(
        "policy",
        Policy,
        "segment_by eligibility fairness newcomers reserve score half_life_days rep_by bins explore currencies "
        "value_zero limit balance_open together move_cost formats outcomes columns",
    ),
    Record("limit rule", LimitRule, "reps leads most least usage weight each name"),
    Record("formats", Formats, "dates decimal"),
    Record("outcomes", Outcomes, "won lost open"),
    Record("verdicts", Verdicts, "words kind_of_lead allowed excludes"),
    Record(
        "estimates",
        Estimates,
        "probability logit deviation tried converted expected weight known_rep known_segment still_open",
    ),
    Record("states", States, "columns levels adds"),
    Record(
        "joint",
        Joint,
        "sizes level_of_cell information mean base_deviation deviations spreads own_deviation own_mean own_spreads "
        "levels cell seen nodes weight level_deviation level_stretch populations",
    ),
    Record("past assignment", PastAssignment, "n_outcomes by elsewhere p_value favour"),
    Record("evidence", Evidence, "segment_by segments segment_of_lead estimates n_outcomes states joint past"),
    Record("shared", Shared, "of words leads usage weight most credit entitlement outside held"),
    Record("kept", Kept, "previous move_cost gains lost"),
    Record("owned", Owned, "owner named most proven"),
    Record("explored", Explored, "share gains"),
    Record("worths", Worths, "segments expected low high won"),
    Record("valued", Valued, "columns n_won noise worths segment_of_lead"),
    Record(
        "case",
        Case,
        "lead_ids rep_ids problem policy rules evidence away newcomer territory_of_lead territory_of_rep unit notes "
        "shared kept explored valued rates_are_chances owned assumed hours "
        "carried",
    ),
)
_NAMED = {record.name: record for record in RECORDS}
_OF_0_1_0 = {  # format 1 has the names of classes of 0.1.0; its keys are those of format 2
    **{name.capitalize(): _NAMED[name] for name in _NAMED if name != "newcomers"},
    "NewcomerQuota": _NAMED["newcomers"],
}
_FORMATS: dict[Any, Mapping[str, Record]] = {1: _OF_0_1_0, FORMAT: _NAMED}
PARTS: dict[str, Any] = {
    "case": Case,
    "rep_of_lead": Ints,
    "capacity_prices": Floats,
    "limit_prices_of_problem": Floats,
    "method": str,
    "turn": int,
}
_TOLD: dict[str, Any] = {
    "format": int,
    "leadopt": str,
    "summary": str,
    "worth": str,
    "complete": bool,
    "time_limit_s": float,
    "lead_prices": Floats,
}


def written(parts: Mapping[str, Any]) -> str:
    """Return a plan as JSON, given its parts by name."""
    version = sys.modules["leadopt"].__version__  # the package's root imports this, so it is there
    return encode({"format": FORMAT, "leadopt": version, **parts}, RECORDS)


def read(text: str) -> dict[str, Any]:
    """Return the parts of a plan by name.

    Raises
    ------
    InvalidInput
        the text is no plan, one of a format that is unknown here, or damaged: says which version wrote it, and where
    """
    try:
        tree = parse(text)
    except InvalidInput as error:
        raise InvalidInput(f"this is not a plan that leadopt wrote: it is no JSON ({error})") from None
    if not isinstance(tree, dict) or "format" not in tree:
        raise InvalidInput("this is not a plan that leadopt wrote: it has no format number")
    number = tree["format"]
    records = _FORMATS.get(number) if type(number) is int else None
    writer = tree.get("leadopt") if isinstance(tree.get("leadopt"), str) else None
    if records is None:
        by = f", written by leadopt {writer:.40}" if writer else ""
        raise InvalidInput(f"this plan has format {number!r:.40}{by}; this leadopt reads formats 1 to {FORMAT}")
    try:
        if missing := [name for name in PARTS if name not in tree]:
            raise InvalidInput(f"it lacks {', '.join(missing)}")
        parts = decode_parts(tree, records, {**PARTS, **_TOLD})
        _check_parts(parts)
        if number == 1:
            parts["case"] = _with_kinds(parts["case"])
    except InvalidInput as error:
        version = "0.1.0" if number == 1 else f"{writer:.40}" if writer else "of an unknown version"
        raise InvalidInput(f"this is not a whole plan, as leadopt {version} wrote it: {error}") from None
    return {name: parts[name] for name in PARTS} | {
        "complete": parts.get("complete", False),
        "time_limit_s": parts.get("time_limit_s"),
        "lead_prices": parts.get("lead_prices"),
        "told_worth": parts.get("worth"),
    }


def _with_kinds(case: Case) -> Case:
    """Return a case of format 1 with the kinds of its limits, which it knew by their names."""
    limits = with_kinds(case.problem.limits, case.rep_ids)
    return replace(case, problem=case.problem.replace(limits=limits))


def _check_parts(parts: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` if the parts do not belong together."""
    case: Case = parts["case"]
    if not 0 <= parts["turn"] < max(1, case.problem.n_reps):
        raise InvalidInput(f"turn must be the index of a rep; found {parts['turn']!r:.40}")
    for name, ids in (("lead_ids", case.lead_ids), ("rep_ids", case.rep_ids)):
        if len(set(ids)) < len(ids):
            raise InvalidInput(f"{name} must be distinct; found {Counter(ids).most_common(1)[0][0]!r:.40} twice")
    for shared in case.shared:
        if shared.of not in SHARED:
            raise InvalidInput(f"shared.of must be {', '.join(SHARED)}; found {shared.of!r:.40}")
    for name, found, shape in _sizes(parts, case):
        if found is not None and _shape(found) != shape:
            wanted, has = (" x ".join(map(str, size)) for size in (shape, _shape(found)))
            raise InvalidInput(f"{name} must have {wanted} entries; found {has or 'one number'}")
    for name, found, least, end in _indices(parts, case):
        if found is not None and found.size and not (found.min() >= least and found.max() < end):
            raise InvalidInput(f"{name} must hold indices from {least} to {end - 1}")


def _shape(found: Any) -> tuple[int, ...]:
    if isinstance(found, Affinity):
        return found.n_leads, found.n_reps
    return (len(found),) if isinstance(found, tuple) else np.shape(found)


def _sizes(parts: Mapping[str, Any], case: Case) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    """Yield what has to have which size: the name, what was found, and the size."""
    n_leads, n_reps = case.problem.n_leads, case.problem.n_reps
    yield "lead_ids", case.lead_ids, (n_leads,)
    yield "rep_ids", case.rep_ids, (n_reps,)
    yield "rep_of_lead", parts["rep_of_lead"], (n_leads,)
    yield "capacity_prices", parts["capacity_prices"], (n_reps,)
    yield "limit_prices_of_problem", parts["limit_prices_of_problem"], (len(case.problem.limits),)
    yield "lead_prices", parts.get("lead_prices"), (n_leads,)
    yield "away", case.away, (n_reps,)
    yield "carried", case.carried, (n_reps,)
    yield "newcomer", case.newcomer, (n_reps,)
    yield "assumed", case.assumed, (n_reps,)
    yield "territory_of_lead", case.territory_of_lead, (n_leads,)
    yield "territory_of_rep", case.territory_of_rep, (n_reps,)
    for limit in case.problem.limits:
        for who in (limit.reps, limit.leads):
            yield "reps and leads of a limit", who, (0 if who is None else who.size,)
    for rule in case.rules:
        yield "rules.kind_of_lead", rule.kind_of_lead, (n_leads,)
        yield "rules.allowed", rule.allowed, (len(rule.words), n_reps)
    for shared in case.shared:
        for name in ("weight", "most", "credit", "entitlement", "outside", "held"):
            yield f"shared.{name}", getattr(shared, name), (n_reps,)
        if isinstance(shared.usage, Affinity):
            yield "shared.usage", shared.usage, (n_leads, n_reps)
    yield "problem.together", case.problem.together, (n_leads,)
    yield from _sizes_beside(case)
    if case.evidence is not None:
        yield from _sizes_of_evidence(case.evidence, n_leads, n_reps)
    if case.valued is not None:
        yield "valued.segment_of_lead", case.valued.segment_of_lead, (n_leads,)
        for segment in case.valued.worths.segments:
            yield "every one of worths.segments", segment, (len(case.valued.columns),)
        for name in ("expected", "low", "high", "won"):
            yield f"worths.{name}", getattr(case.valued.worths, name), (len(case.valued.worths.segments),)


def _sizes_beside(case: Case) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    n_leads, n_reps = case.problem.n_leads, case.problem.n_reps
    if case.hours is not None:
        yield "hours.effort", case.hours.effort, (n_leads,)
        for name in ("left", "usual", "pace"):
            yield f"hours.{name}", getattr(case.hours, name), (n_reps,)
    if case.kept is not None:
        yield "kept.previous", case.kept.previous, (n_leads,)
        yield "kept.gains", case.kept.gains, (n_leads, n_reps)
    if case.owned is not None:
        yield "owned.owner", case.owned.owner, (n_leads,)
        yield "owned.named", case.owned.named, (n_leads,)
    if case.explored is not None:
        yield "explored.gains", case.explored.gains, (n_leads, n_reps)


def _sizes_of_evidence(evidence: Evidence, n_leads: int, n_reps: int) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    n_segments = len(evidence.segments)
    yield "evidence.segment_of_lead", evidence.segment_of_lead, (n_leads,)
    for name in ("probability", "logit", "deviation", "tried", "converted", "expected", "weight"):
        yield f"estimates.{name}", getattr(evidence.estimates, name), (n_segments, n_reps)
    yield "estimates.still_open", evidence.estimates.still_open, (n_segments, n_reps)
    yield "estimates.known_rep", evidence.estimates.known_rep, (n_reps,)
    yield "estimates.known_segment", evidence.estimates.known_segment, (n_segments,)
    for segment in evidence.segments:
        yield "every one of evidence.segments", segment, (len(evidence.segment_by),)
    if evidence.states is not None:
        yield "states.levels", evidence.states.levels, (n_reps,)
        for levels in evidence.states.levels:
            yield "every one of states.levels", levels, (len(evidence.states.columns),)
        yield "states.adds", evidence.states.adds, (n_reps, len(evidence.states.columns))
    if evidence.joint is not None:
        yield from _sizes_of_joint(evidence.joint, n_segments, n_reps)


def _sizes_of_joint(joint: Joint, n_segments: int, n_reps: int) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    n_families, n_cells = len(joint.sizes), joint.own_mean.size
    yield "joint.level_of_cell", joint.level_of_cell, (n_families, n_cells)
    by_node = () if joint.nodes is None else (len(joint.nodes),)
    yield "joint.information", joint.information, (*by_node[: joint.information.ndim - 1], n_cells)
    yield "joint.mean", joint.mean, (1 + sum(joint.sizes),)
    yield "joint.deviations", joint.deviations, (n_families,)
    yield "joint.spreads", joint.spreads, (n_families, joint.spreads.size // max(1, n_families))
    yield "joint.own_mean", joint.own_mean, (n_cells,)
    if joint.seen is not None:
        yield "joint.seen", joint.seen, (*by_node[: joint.seen.ndim - 1], n_cells)
    if joint.nodes is not None:
        yield "joint.nodes", joint.nodes, (len(joint.nodes), n_families + 1)
        yield "joint.weight", joint.weight, (len(joint.nodes),)
    yield "joint.own_spreads", joint.own_spreads, (joint.own_spreads.size,)
    yield "joint.levels", joint.levels, (n_families,)
    for level in joint.levels:
        shape = tuple(
            found if found == 1 else size for found, size in zip(level.shape, (n_segments, n_reps), strict=False)
        )
        yield "every one of joint.levels", level, shape if level.ndim == 2 else (n_segments, n_reps)
    yield "joint.cell", joint.cell, (n_segments, n_reps)


def _indices(parts: Mapping[str, Any], case: Case) -> Iterator[tuple[str, Any, int, int]]:
    """Yield what holds indices: the name, what was found, the least, and the end, which is no longer allowed."""
    n_leads, n_reps = case.problem.n_leads, case.problem.n_reps
    yield "rep_of_lead", parts["rep_of_lead"], -1, n_reps
    for rule in case.rules:
        yield "rules.kind_of_lead", rule.kind_of_lead, 0, len(rule.words)
    for shared in case.shared:
        yield "shared.leads", shared.leads, 0, n_leads
    if case.kept is not None:
        yield "kept.previous", case.kept.previous, -1, n_reps
        yield "kept.lost", np.array([lead for lead, _ in case.kept.lost], dtype=np.int64), 0, n_leads
    if case.owned is not None:
        yield "owned.owner", case.owned.owner, -1, n_reps
    if case.evidence is not None:
        yield "evidence.segment_of_lead", case.evidence.segment_of_lead, 0, len(case.evidence.segments)
        if (joint := case.evidence.joint) is not None:
            for size, of_cell, level in zip(joint.sizes, joint.level_of_cell, joint.levels, strict=True):
                yield "joint.level_of_cell", of_cell, 0, size
                yield "joint.levels", level, 0, size + 1
            yield "joint.cell", joint.cell, 0, joint.own_mean.size + 1
            yield "joint.populations", np.array(joint.populations, dtype=np.int64), 0, len(joint.sizes)
    if case.valued is not None:
        yield "valued.segment_of_lead", case.valued.segment_of_lead, -1, len(case.valued.worths.segments)
