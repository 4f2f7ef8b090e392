"""What one lead is worth with whom, as a plan would count it: chances of its kind, looked up, times its own value."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.decision.lead_values import scale_of
from leadopt.desk.planning.learned import Learned
from leadopt.desk.planning.tables import asked_of, by_shared_names, hired_days, number_of, own_columns
from leadopt.eligibility import ExcludeRule, MatchRule, ProtectRule, Rule, SkillsRule
from leadopt.fairness import NewcomerQuota, is_newcomer
from leadopt.lifecycle import bars
from leadopt.lifecycle.draft import Offer
from leadopt.lifecycle.records import Lead, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.tables import Table
from leadopt.tables.cells import Id, is_number

_Kind = tuple[Any, ...]  # cells of the columns that chances and eligibility look at
_MOST_KINDS = 20_000  # that are remembered


class LearnedWorths:
    """What leads are worth with whom, by a policy and what was learned.

    The gain of a pair is the chance of its kind of lead with the rep, times the lead's value and score, as `assign`
    has it. Chances are worked out once a kind, in some milliseconds; then a lead takes microseconds.

    Parameters
    ----------
    policy
        in force
    learned
        by that policy
    rules
        in force: they cap what capacity is
    today
        the local day: it tells who is new
    reps
        who is there: chances of all of them are worked out together, whoever is asked about first
    """

    def __init__(self, policy: Policy, learned: Learned, rules: Rules, today: date, reps: Sequence[Rep] = ()) -> None:
        policy = by_shared_names(policy)
        self.policy, self.learned, self.today, self._caps = policy, learned, today, rules
        self._bench: _Bench | None = None
        self._reps = tuple(reps)
        self._hot: dict[float, float] = {}
        self._looked_at = _looked_at(policy, learned)
        self._plain_value = policy.score is None and policy.currencies is None

    @property
    def reserve(self) -> float:
        """The gain of leaving a lead in the pool."""
        return self.policy.reserve

    @property
    def ramp_days(self) -> float:
        """For how many days from being hired a rep is new: as long as the policy's quota or its ramp says."""
        quota = self.policy.newcomers
        return 0.0 if quota is None else max(quota.tenure_days, quota.ramp_days or 0.0)

    def offers(self, leads: Sequence[Lead], reps: Sequence[Rep]) -> Mapping[str, Mapping[str, Offer]]:
        """Return lead -> rep -> offer, for pairs that are eligible.

        Pairs that a policy excludes by the users' own ids of leads are in it: see `Excluding`.
        """
        if not leads or not reps:
            return {lead.id: {} for lead in leads}
        bench = self._bench_of(reps)
        kinds = self._kinds(leads)
        bench.meet(kinds)
        places = [bench.places[rep.id] for rep in reps]
        values = self._values(leads)
        return {
            lead.id: dict(_offers(bench.rates[kind], value, reps, places, known=self.learned.model is not None))
            for lead, kind, value in zip(leads, kinds, values, strict=True)
        }

    def shared(self, lead: Lead) -> Mapping[str, float]:
        """Return what fairness shares of a lead: itself, its gain with whom it is worth most, and whether it is hot.

        Whoever gives the lead knows the gain with its rep, and books that in place of the best.
        """
        settings = self.policy.fairnesses
        if not settings:
            return {"leads": 1.0}
        best = self._best([lead])[0] if any(one.of != "leads" for one in settings) else 0.0
        amounts = {"leads": 1.0, "value": max(best, 0.0)}
        hot = [one.hot_share for one in settings if one.of == "hot"]
        if hot:
            amounts["hot"] = float(self._is_hot(best, hot[0]))
        return {one.of: amounts[one.of] for one in settings}

    def weights(self, reps: Sequence[Rep]) -> Mapping[str, float]:
        """Return what reps are entitled to, in proportion; who stays out of fairness is not in it.

        Of several settings of fairness the one that shares leads counts, else the first; without any, room does.
        """
        several = self.policy.fairnesses
        one = next((setting for setting in several if setting.of == "leads"), several[0] if several else None)
        inside = [rep for rep in reps if self._in_fairness(rep)]
        match "capacity" if one is None else one.entitlement:
            case "capacity":
                return self._rooms(inside)
            case "equal":
                return {rep.id: 1.0 for rep in inside}
            case "performance":
                return self._performance(inside)
            case column:
                found = {rep.id: number_of(rep.columns.get(column)) for rep in inside}
                return {rep: weight for rep, weight in found.items() if weight > 0}

    def _in_fairness(self, rep: Rep) -> bool:
        cell = rep.columns.get(self.policy.columns.in_fairness)
        return cell is None or Table({"": [cell]}, "reps").fractions("")[0] > 0

    def _rooms(self, reps: Sequence[Rep]) -> dict[str, float]:
        """Return how many more leads each rep can take now; who has no limit counts as the one with most room."""
        today = str(self.today)
        rooms = {rep.id: _room(self._caps, rep, today) for rep in reps}
        most = max((room for room in rooms.values() if room), default=1)
        return {rep: float(most if room is None else room) for rep, room in rooms.items()}

    def _performance(self, reps: Sequence[Rep]) -> dict[str, float]:
        """Return each rep's mean estimated chance over leads that came lately."""
        lately = self._sample()
        if self.learned.model is None or not lately or not reps:
            return {rep.id: 1.0 for rep in reps}
        bench, kinds = self._bench_of(reps), self._kinds(lately)
        bench.meet(kinds)
        mean = np.mean([bench.chances[kind] for kind in kinds], axis=0)
        return {rep.id: float(mean[bench.places[rep.id]]) for rep in reps}

    def _is_hot(self, gain: float, share: float) -> bool:
        """Return whether a gain is among the best that leads had lately."""
        if share not in self._hot:
            gains = self._best(self._sample())
            self._hot[share] = float(np.quantile(gains, 1.0 - share)) if len(gains) else -np.inf
        return gain >= self._hot[share]

    def _best(self, leads: Sequence[Lead]) -> list[float]:
        """Return the best gain of each lead with any rep that was looked at so far."""
        bench = self._bench
        if bench is None or not leads:
            return list(self._values(leads))
        kinds = self._kinds(leads)
        bench.meet(kinds)
        rates = [float(bench.rates[kind].max(initial=-np.inf)) for kind in kinds]
        values = self._values(leads)
        return [rate * value if rate > -np.inf else 0.0 for rate, value in zip(rates, values, strict=True)]

    def _kinds(self, leads: Sequence[Lead]) -> list[_Kind]:
        return [tuple(lead.columns.get(name) for name in self._looked_at) for lead in leads]

    def _sample(self) -> list[Lead]:
        return [Lead(id="", columns=one) for one in self.learned.sample]

    def _bench_of(self, reps: Sequence[Rep]) -> "_Bench":
        """Return what is known of these reps; those met before stay, as one is asked about alone most of the time."""
        known = {} if self._bench is None else self._bench.known
        if self._bench is None or any(known.get(rep.id) != _of_rep(rep) for rep in reps):
            before = {rep.id: rep for rep in (self._reps if self._bench is None else self._bench.reps)}
            every = before | {rep.id: rep for rep in reps}
            self._bench = _Bench(self.policy, self.learned, self._caps, self.today, list(every.values()))
        return self._bench

    def _values(self, leads: Sequence[Lead]) -> Sequence[float]:
        """Return what each lead multiplies its chances by."""
        column = self.policy.columns.value
        cells = [lead.columns.get(column) for lead in leads]
        zero = self.policy.value_zero == "missing"
        if self._plain_value and all(is_number(cell) and (cell or not zero) for cell in cells):
            return [float(cell) for cell in cells]  # type: ignore[arg-type]
        known = self.learned.values is not None or self.learned.usual_value is not None
        if self._plain_value and not known and all(cell is None for cell in cells):
            return [1.0] * len(leads)
        named = dict.fromkeys((column, *self.learned.segment_by, *asked_of(self.policy, "leads")))
        named |= dict.fromkeys(name for lead in leads for name in lead.columns)
        table = Table({name: [lead.columns.get(name) for lead in leads] for name in named}, "leads")
        learned = self.learned
        return list(scale_of(table, None, learned.segment_by, self.policy, learned.values, learned.usual_value).values)


class _Bench:
    """What is known of some reps: a row of chances, and who may have it, for each kind of lead that was met.

    Attributes
    ----------
    reps, places, known
        who, where each stands in a row, and what of it chances and rules look at
    rates, chances
        by kind of lead, float64 (n_reps,): chances with -inf where the policy does not allow the pair, and without
    """

    def __init__(self, policy: Policy, learned: Learned, rules: Rules, today: date, reps: list[Rep]) -> None:
        self.reps = reps
        self.places = {rep.id: place for place, rep in enumerate(reps)}
        self.known = {rep.id: _of_rep(rep) for rep in reps}
        self.rates: dict[_Kind, Floats] = {}
        self.chances: dict[_Kind, Floats] = {}
        self._policy, self._learned = policy, learned
        self._ids = _ids(reps, learned)
        self._table = _reps_table(reps, self._ids, policy, rules)
        new = _newcomers(self._table, policy, today)
        self._rules = [*_rules(policy), *_protection(policy, new)]
        named: list[Id] = [rep.id for rep in reps]  # pairs that are excluded tell reps by the ids of the log
        self._allows = [rule.allows(self._table, named if rule.excludes else self._ids) for rule in self._rules]

    def meet(self, leads: Collection[_Kind]) -> None:
        """Work out the rows of kinds that are new, and with the first of them those of leads that came lately."""
        fresh = [kind for kind in leads if kind not in self.rates]
        if not fresh:
            return
        if len(self.rates) + len(fresh) > _MOST_KINDS:
            self.rates, self.chances, fresh = {}, {}, list(leads)
        names = _looked_at(self._policy, self._learned)
        if not self.rates:
            lately = (tuple(one.get(name) for name in names) for one in self._learned.sample)
            fresh = list(dict.fromkeys((*fresh, *lately)))
        cells: dict[str, list[Any]] = {name: [kind[place] for kind in fresh] for place, name in enumerate(names)}
        table = Table(cells or {"": [None] * len(fresh)}, "leads")
        chances, allowed = self._chances(table, len(fresh)), self._allowed(table, len(fresh))
        for place, kind in enumerate(fresh):
            self.chances[kind] = chances[place]
            self.rates[kind] = np.where(allowed[place], chances[place], -np.inf)

    def _chances(self, leads: Table, n_leads: int) -> Floats:
        model = self._learned.model
        if model is None:
            return np.ones((n_leads, len(self.reps)))
        found: Affinity = model.affinity(leads, self._table, value=None, rep_id=self._policy.columns.rep_id)
        return np.asarray(found.rates_of(found.row))

    def _allowed(self, leads: Table, n_leads: int) -> Bools:
        allowed = np.ones((n_leads, len(self.reps)), dtype=bool)
        for rule, allows in zip(self._rules, self._allows, strict=True):
            for place, key in enumerate(rule.keys(leads, [""] * n_leads)):
                allowed[place] &= allows(key)
        return allowed


def _offers(
    rates: Floats, value: float, reps: Sequence[Rep], places: Sequence[int], *, known: bool
) -> Iterator[tuple[str, Offer]]:
    row = rates.tolist()
    for rep, place in zip(reps, places, strict=True):
        rate = row[place]
        if rate > -np.inf:
            yield rep.id, Offer(gain=rate * value, chance=rate if known else None)


def _of_rep(rep: Rep) -> tuple[Mapping[str, Any], int | None]:
    """Return what of a rep chances and eligibility look at: its load is not, which changes with every lead."""
    return rep.columns, rep.hired_on


def _looked_at(policy: Policy, learned: Learned) -> tuple[str, ...]:
    """Return the columns of leads that chances and eligibility look at."""
    rules = [getattr(rule, name, None) for rule in policy.eligibility for name in ("column", "needs")]
    protect = None if policy.newcomers is None else policy.newcomers.protect
    return tuple(dict.fromkeys(name for name in (*learned.segment_by, *rules, protect) if name is not None))


def _rules(policy: Policy) -> list[Rule]:
    """Return the rules that tell leads by their columns; excluded pairs name leads by ids that are not here."""
    rules: list[Rule] = []
    for rule in policy.eligibility:
        if isinstance(rule, MatchRule | SkillsRule):
            rules.append(rule)
        elif isinstance(rule, ExcludeRule) and rule.column is not None:
            rules.append(replace(rule, pairs=()))
    return rules


def _protection(policy: Policy, new: Bools) -> list[Rule]:
    protect = None if policy.newcomers is None else policy.newcomers.protect
    return [] if protect is None else [ProtectRule(protect, tuple(new.tolist()))]


def _newcomers(reps: Table, policy: Policy, today: date) -> Bools:
    days = (policy.newcomers or NewcomerQuota()).tenure_days
    return is_newcomer(reps, policy.columns, days, today, required=False)


def _reps_table(reps: Sequence[Rep], ids: Sequence[Id], policy: Policy, rules: Rules) -> Table:
    columns = policy.columns
    rows: dict[str, Sequence[Any]] = dict(own_columns(reps))
    rows = {name: [None] * len(reps) for name in asked_of(policy, "reps") if name not in rows} | rows
    hired = hired_days(reps, rules)
    if any(day is not None for day in hired):
        rows[columns.hired_on] = hired
    return Table({columns.rep_id: list(ids), **rows}, "reps", ids=columns.ids)


def _ids(reps: Sequence[Rep], learned: Learned) -> list[Id]:
    """Return what the model calls each rep; one that it does not know has an id of the same kind that nobody has."""
    whole = bool(learned.called) and all(isinstance(one, int) for one in learned.called.values())
    return [learned.called.get(rep.id, -1 - place if whole else rep.id) for place, rep in enumerate(reps)]


def _room(rules: Rules, rep: Rep, today: str) -> int | None:
    most, per_day = bars.most_open(rules, rep), rules.caps.per_day
    left = [] if most is None else [most - rep.open - rep.kept]
    left += [] if per_day is None else [per_day - rep.on(today)[0]]
    return None if not left else max(min(left), 0)


class Excluding:
    """The same worths without pairs that a policy excludes by the users' own ids, which no record has.

    Parameters
    ----------
    worths
        by that policy
    called
        what a lead or rep is called, by random id
    """

    def __init__(self, worths: LearnedWorths, called: Callable[[str], Id | None]) -> None:
        rules = (rule for rule in worths.policy.eligibility if isinstance(rule, ExcludeRule))
        self._pairs = {(str(lead), str(rep)) for rule in rules for lead, rep in rule.pairs}
        self._worths, self._called = worths, called

    @property
    def reserve(self) -> float:
        """The gain of leaving a lead in the pool."""
        return self._worths.reserve

    @property
    def ramp_days(self) -> float:
        """For how many days from being hired a rep is new."""
        return self._worths.ramp_days

    def offers(self, leads: Sequence[Lead], reps: Sequence[Rep]) -> Mapping[str, Mapping[str, Offer]]:
        """Return lead -> rep -> offer, for pairs that are eligible."""
        found, names = self._worths.offers(leads, reps), {rep.id: str(self._called(rep.id)) for rep in reps}
        return {lead: self._allowed(str(self._called(lead)), offers, names) for lead, offers in found.items()}

    def shared(self, lead: Lead) -> Mapping[str, float]:
        """Return what fairness shares of a lead."""
        return self._worths.shared(lead)

    def weights(self, reps: Sequence[Rep]) -> Mapping[str, float]:
        """Return what reps are entitled to, in proportion."""
        return self._worths.weights(reps)

    def _allowed(self, lead: str, offers: Mapping[str, Offer], names: Mapping[str, str]) -> Mapping[str, Offer]:
        return {rep: offer for rep, offer in offers.items() if (lead, names[rep]) not in self._pairs}


def excludes_pairs(policy: Policy) -> bool:
    """Return whether a policy excludes pairs by the users' own ids of leads."""
    return any(isinstance(rule, ExcludeRule) and rule.pairs for rule in policy.eligibility)
