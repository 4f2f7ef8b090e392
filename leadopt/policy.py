"""All the settings of a decision as frozen data: TOML or a dict in, JSON out, with a fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from leadopt.eligibility import ExcludeRule, MatchRule, Rule, SkillsRule, exclude, match, skills
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.learning.history.bins import check_bins
from leadopt.learning.history.won_values import check_value_zero
from leadopt.learning.scoring import plain_weights
from leadopt.limit_rules import LimitRule, as_rules
from leadopt.tables.cells import Id, is_number
from leadopt.tables.columns import Columns
from leadopt.tables.currencies import check_currencies
from leadopt.tables.reading.encodings import read_text
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LimitRule", "Policy", "exclude", "match", "skills"]

_FIRST = {  # the settings of the first release: a later one that is left at its default changes no fingerprint
    "fairness": ("low", "high", "entitlement"),
    "newcomers": ("share", "min_leads", "tenure_days"),
    "columns": (
        *("lead_id", "rep_id", "value", "capacity", "available", "open_leads", "max_open", "min_leads"),
        *("is_newcomer", "tenure_days", "hired_on", "territory", "converted", "at"),
    ),
}
_LATEST = {  # settings that plain data of a policy hold only where they are used
    "policy": ("value_zero", "limit", "balance_open", "together", "move_cost"),
    "columns": ("in_fairness", "carried", "owner", "current_rep", "assigned_at"),
}
_KINDS: dict[str, type] = {  # settings that are tables of settings
    "newcomers": NewcomerQuota,
    "formats": Formats,
    "outcomes": Outcomes,
    "columns": Columns,
}
RULES: dict[str, Callable[..., Rule]] = {"match": MatchRule, "skills": SkillsRule, "exclude": ExcludeRule}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How leads are handed out.

    Parameters
    ----------
    segment_by
        columns whose levels conversion is estimated by; None = every column that leads and history share and that
        holds between 2 and 50 categories; () = by rep alone
    eligibility
        rules that every pair must meet: `match("territory")`, `skills(...)`, `exclude(...)`
    fairness
        how evenly leads, value or hot leads are shared: one `Fairness`, several of them, or None
    newcomers
        minimums and ceilings for new reps, key accounts they do not get, and their ramp; None = none
    limit
        caps and minimums of some reps over some leads: a `LimitRule`, or plain data of one, or several of them
    balance_open
        whether to level what reps have, their `open_leads` and new leads together, and not what they get: settings of
        fairness that share leads do so then, and without one the least is raised first, as `Fairness(maximin=True)`
    reserve
        gain of leaving a lead unassigned; a lead that no free rep gains more with stays there;
        -inf = every lead must be placed
    score
        points by column (see `leadopt.learning.scoring.score`), which multiply the value; None = no score
    explore
        how far chances are moved from the estimates to one draw from what the evidence leaves open, from 0 (not at
        all) to 1 (Thompson sampling): new reps and segments get leads to learn from, at a cost that the report tells
    rep_by
        columns of history and reps that describe a rep, such as team or response time: they say what to expect of who
        has no record
    bins
        how columns of numbers or days become levels: a number of bins, 0 for none (codes), or edges, by column; None =
        days, and numbers and durations in more levels than their outcomes can tell apart, into eight bins
    currencies
        what one unit of each currency is worth in the unit of the plan, ``{"USD": 1.0, "EUR": 1.08}``; None = all
        values are in one currency
    value_zero
        what a value of 0 means, of leads and of history: None = that a lead is worth nothing; "missing" = that the
        field was not filled in
    together
        column of leads, such as "account_id": leads with the same entry go to one rep or to the pool together, a lead
        without one is alone; None = each lead by itself
    move_cost
        what taking a lead away from the rep who has it costs (column `current_rep`, or `keep=`), in the plan's unit
    half_life_days
        history this old counts half as much as today's; None = all counts alike; "learn" = as predicts best
    formats
        how dates and numbers are written, where text does not tell (`Formats`)
    outcomes
        which words of history say won, lost or open, beside those that are known (`Outcomes`)
    columns
        what the columns are called

    Examples
    --------
    >>> import json
    >>> policy = Policy(segment_by="industry", eligibility=[match("territory")])
    >>> Policy.from_dict(json.loads(policy.to_json())) == policy
    True
    """

    segment_by: tuple[str, ...] | None = None
    eligibility: tuple[Rule, ...] = ()
    fairness: Fairness | tuple[Fairness, ...] | None = None
    newcomers: NewcomerQuota | None = None
    reserve: float = 0.0
    score: Mapping[str, Any] | None = None
    half_life_days: float | str | None = None
    rep_by: tuple[str, ...] = ()
    bins: Mapping[str, Any] | None = None
    explore: float = 0.0
    currencies: Mapping[str, float] | None = None
    value_zero: str | None = None
    limit: tuple[LimitRule, ...] = ()
    balance_open: bool = False
    together: str | None = None
    move_cost: float = 0.0
    formats: Formats = field(default_factory=Formats)
    outcomes: Outcomes = field(default_factory=Outcomes)
    columns: Columns = field(default_factory=Columns)

    def __post_init__(self) -> None:
        """Turn lists into tuples, and refuse what is no setting."""
        self._name_columns()
        rules = self.eligibility
        object.__setattr__(self, "eligibility", tuple(rules) if isinstance(rules, list | tuple) else (rules,))
        for rule in self.eligibility:
            if not isinstance(rule, MatchRule | SkillsRule | ExcludeRule):
                raise InvalidInput(
                    f"policy.eligibility: must hold rules from leadopt.policy (match, skills, exclude); found {rule!r}"
                )
        object.__setattr__(self, "fairness", _one_or_several(self.fairness))
        object.__setattr__(self, "limit", as_rules(self.limit))
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) and not (value is None and name == "newcomers"):
                raise InvalidInput(f"policy.{name}: must be {kind.__name__}(...); found {value!r}")
        if not (is_number(self.reserve) and self.reserve < float("inf")):
            raise InvalidInput(f"policy.reserve: must be a number, or -inf to place every lead; found {self.reserve!r}")
        days = self.half_life_days
        if days not in (None, "learn") and not (is_number(days) and 0 < float(days) < float("inf")):
            raise InvalidInput(f'policy.half_life_days: must be a number above 0, "learn", or None; found {days!r}')
        if not (is_number(self.explore) and 0.0 <= self.explore <= 1.0):
            raise InvalidInput(f"policy.explore: must be from 0 to 1; found {self.explore!r}")
        _check_flag("balance_open", self.balance_open)
        if not (is_number(self.move_cost) and 0 <= self.move_cost < float("inf")):
            raise InvalidInput(f"policy.move_cost: must be a finite number, 0 or more; found {self.move_cost!r}")
        if not (self.together is None or (isinstance(self.together, str) and self.together.strip())):
            raise InvalidInput(f"policy.together: must be the name of a column of leads; found {self.together!r}")
        if self.score is not None:
            object.__setattr__(self, "score", plain_weights(self.score))
        object.__setattr__(self, "currencies", check_currencies("policy.currencies", self.currencies))
        check_value_zero("policy.value_zero", self.value_zero)

    def _name_columns(self) -> None:
        for setting in ("segment_by", "rep_by"):
            names = getattr(self, setting)
            if names is not None or setting == "rep_by":
                names = (names,) if isinstance(names, str) else names
                object.__setattr__(self, setting, _distinct_names(setting, names))
        if self.bins is not None:
            object.__setattr__(self, "bins", check_bins("policy.bins", self.bins, None) or None)

    @property
    def fairnesses(self) -> tuple[Fairness, ...]:
        """All settings of fairness, one or several or none; with one that shares leads where open work is balanced."""
        several = self.fairness if isinstance(self.fairness, tuple) else (self.fairness,) if self.fairness else ()
        asked = self.balance_open and not any(one.of == "leads" for one in several)
        return (*several, Fairness(maximin=True)) if asked else several

    def replace(self, **changes: Any) -> Self:
        """Return the same policy with some settings changed."""
        _check_keys("policy", changes, [f.name for f in fields(self)])
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` takes back; settings left at their defaults are spelled out.

        Those that came later are left out there, so that what is plain data of a policy stays the same for ever.
        """
        settings = {
            "segment_by": None if self.segment_by is None else list(self.segment_by),
            "eligibility": [{"rule": _rule_name(rule), **_plain(rule)} for rule in self.eligibility],
            "fairness": _plain_fairness(self.fairness),
            "newcomers": None if self.newcomers is None else _plain_quota(self.newcomers),
            "reserve": "-inf" if self.reserve == float("-inf") else self.reserve,
            "score": None if self.score is None else _plain_score(self.score),
            "half_life_days": self.half_life_days,
            "rep_by": list(self.rep_by),
            "bins": None if self.bins is None else {name: _plain_bins(edges) for name, edges in self.bins.items()},
            "explore": self.explore,
            "currencies": None if self.currencies is None else dict(self.currencies),
            "value_zero": self.value_zero,
            "balance_open": self.balance_open,
            "limit": [rule.plain() for rule in self.limit],
            "together": self.together,
            "move_cost": self.move_cost,
            **{name: told for name in ("formats", "outcomes") if any((told := getattr(self, name).to_dict()).values())},
            "columns": self.columns.plain(),
        }
        return _as_before(settings)

    def to_json(self) -> str:
        """Return the policy as JSON with sorted keys."""
        import json

        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)

    @property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the SHA-256 of the settings: equal ones, equal fingerprint, on any machine.

        Settings that came with a later release count only where they differ from their defaults.
        """
        import hashlib
        import json

        told = json.dumps(_told(self.to_dict()), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the policy that plain data describe.

        Raises
        ------
        InvalidInput
            an unknown key (names the nearest known one), or a value that is no setting
        """
        if not isinstance(data, Mapping):
            raise InvalidInput(f"policy: must be a table of settings; found {data!r}")
        _check_keys("policy", data, [f.name for f in fields(cls)])
        settings: dict[str, Any] = {key: value for key, value in data.items() if value is not None}
        if "reserve" in settings and isinstance(settings["reserve"], str):
            settings["reserve"] = _number("reserve", settings["reserve"])
        if isinstance(settings.get("fairness"), list | tuple):
            settings["fairness"] = tuple(_settings("policy.fairness", Fairness, one) for one in settings["fairness"])
        for name, kind in {"fairness": Fairness, **_KINDS}.items():
            if name in settings and not isinstance(settings[name], tuple):
                settings[name] = _settings(f"policy.{name}", kind, settings[name])
        rules = settings.get("eligibility", [])
        if not isinstance(rules, list | tuple):
            raise InvalidInput(
                f"policy.eligibility: must be a list of rules ([[eligibility]] in TOML); found {rules!r}"
            )
        settings["eligibility"] = tuple(_rule(rule) for rule in rules)
        policy: Self = _settings("policy", cls, settings)
        return policy

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Return the policy in a TOML file; see `from_dict`."""
        import tomllib

        text = read_text(path)
        try:
            return cls.from_dict(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(f"{path}: is not valid TOML: {error}") from None
        except InvalidInput as error:
            raise InvalidInput(f"{path}: {error}") from None


def _check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidInput(f"policy.{name}: must be true or false; found {value!r}")


def _one_or_several(fairness: Any) -> Fairness | tuple[Fairness, ...] | None:
    """Return one setting as itself, several as a tuple, none as None."""
    several = tuple(fairness) if isinstance(fairness, list | tuple) else () if fairness is None else (fairness,)
    for one in several:
        if not isinstance(one, Fairness):
            raise InvalidInput(f"policy.fairness: must be Fairness(...); found {one!r}")
    return several[0] if len(several) == 1 else several or None


def _plain_fairness(fairness: Fairness | tuple[Fairness, ...] | None) -> Any:
    if isinstance(fairness, tuple):
        return [asdict(one) for one in fairness]
    return None if fairness is None else asdict(fairness)


def _plain_quota(quota: NewcomerQuota) -> dict[str, Any]:
    return {**asdict(quota), "ramp": list(quota.ramp)}


def _told(settings: dict[str, Any]) -> dict[str, Any]:
    """Return plain settings without those of a later release that are left at their defaults."""
    for setting in ("explore", "rep_by", "bins", "currencies"):
        if not settings[setting]:
            del settings[setting]
    for name, default in (("fairness", Fairness()), ("newcomers", NewcomerQuota()), ("columns", Columns())):
        usual = _plain_quota(default) if isinstance(default, NewcomerQuota) else asdict(default)
        several = settings[name] if isinstance(settings[name], list) else [settings[name]]
        told = [
            one and {key: value for key, value in one.items() if key in _FIRST[name] or value != usual[key]}
            for one in several
        ]
        settings[name] = told if isinstance(settings[name], list) else told[0]
    return settings


def _as_before(settings: dict[str, Any]) -> dict[str, Any]:
    """Return plain settings without the latest ones that are left at their defaults."""
    usual = asdict(Columns())
    for name in _LATEST["policy"]:
        if not settings[name]:
            del settings[name]
    for name in _LATEST["columns"]:
        if settings["columns"][name] == usual[name]:
            del settings["columns"][name]
    return settings


def _plain_score(score: Mapping[str, Any]) -> Any:
    """Return the score as JSON would give it back: every level's name is text."""
    import json

    return json.loads(json.dumps(score))


def _rule_name(rule: Rule) -> str:
    return next(name for name, kind in RULES.items() if isinstance(rule, kind))  # type: ignore[arg-type]


def _plain(rule: Rule) -> dict[str, Any]:
    data: dict[str, Any] = asdict(rule)  # type: ignore[call-overload]
    if "pairs" in data:
        data["pairs"] = [[_json_id(part) for part in pair] for pair in data["pairs"]]
    return data


def _json_id(part: Id) -> int | str:
    return str(part) if isinstance(part, UUID) else part


def _plain_bins(edges: Any) -> Any:
    return list(edges) if isinstance(edges, tuple) else edges


def _distinct_names(setting: str, names: Any) -> tuple[str, ...]:
    if not (isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)):
        raise InvalidInput(f"policy.{setting}: must be a list of names of columns; found {names!r}")
    if len(set(names)) < len(names):
        raise InvalidInput(f"policy.{setting}: must be distinct names of columns; found {names!r}")
    return tuple(names)


def _rule(data: Any) -> Rule:
    if not isinstance(data, Mapping) or "rule" not in data:
        raise InvalidInput(
            f'policy.eligibility: a rule must look like {{rule = "match", column = "territory"}}; found {data!r}'
        )
    settings = {key: value for key, value in data.items() if key != "rule" and value is not None}
    name = str(data["rule"])
    if name not in RULES:
        raise InvalidInput(f"policy.eligibility: unknown rule {name!r}{did_you_mean(name, RULES)}")
    rule: Rule = _settings(f"policy.eligibility.{name}", RULES[name], settings)
    return rule


def _settings(where: str, kind: Callable[..., Any], data: Any) -> Any:
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{where}: must be a table of settings; found {data!r}")
    _check_keys(where, data, [f.name for f in fields(kind)])  # type: ignore[arg-type]
    try:
        return kind(**data)
    except InvalidInput:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{where}: {error}; found {dict(data)}") from None


def _check_keys(where: str, data: Mapping[str, Any], known: list[str]) -> None:
    for key in data:
        if key not in known:
            raise InvalidInput(f'{where}: unknown key "{key}"{did_you_mean(str(key), known)}')


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"policy.{name}: must be a number; found {text!r}") from None
