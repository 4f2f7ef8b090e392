"""A desk is opened: its file made or found, its rules and policy put into force."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from leadopt.desk.asking.asking import Who
from leadopt.desk.asking.running_it import keep_policy, set_policy, set_rules
from leadopt.desk.database.engine import is_there, open_engine
from leadopt.desk.log import store
from leadopt.desk.log.moments import Clock, in_zone, microseconds, moment_of
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result
from leadopt.desk.work.session import Session, Snapshot
from leadopt.errors import InvalidInput
from leadopt.lifecycle.draft import Worths
from leadopt.lifecycle.events import Opened, PolicySet, RulesSet
from leadopt.lifecycle.records import State
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy

_SYSTEM = "system:system"
VERSION = "0.2.0.dev0"


def open_core(
    url: str | sa.URL,
    *,
    policy: Policy | None,
    rules: Rules | Mapping[str, Any] | str | Path | None,
    clock: Clock,
    rng: int | np.random.Generator | None,
    worths: Callable[[Policy], Worths] | None,
    learn_every: timedelta | None,
    most_behind: timedelta | None,
) -> Core:
    """Return what a desk holds in this process, with policy and rules in force; parameters as of `Desk.open`."""
    if policy is not None and not isinstance(policy, Policy):
        raise InvalidInput(f"policy: must be a leadopt.Policy; found {type(policy).__name__}")
    wanted = None if rules is None else rules_of(rules)
    for name, span in (("learn_every", learn_every), ("most_behind", most_behind)):
        if span is not None and not (isinstance(span, timedelta) and span > timedelta(0)):
            raise InvalidInput(f"{name}: must be a timedelta above 0, or None; found {span!r}")
    microseconds(clock(), "the clock's moment")
    if wanted is None and not is_there(url):  # before a file is made that is no desk
        raise _no_rules()
    engine = open_engine(url)
    try:
        core = Core(engine, clock, np.random.default_rng(rng), worths, learn_every)
        with core.read() as snapshot:
            _check_clock(snapshot, clock, most_behind)
            missing = _missing(snapshot, policy, wanted)
        if missing:
            core.write(lambda session: _set_up(session, policy, wanted))
    except BaseException:
        engine.dispose()
        raise
    return core


def rules_of(given: Rules | Mapping[str, Any] | str | Path) -> Rules:
    """Return rules as they are, or as plain data or a TOML file says."""
    if isinstance(given, Rules):
        return given
    return Rules.from_dict(given) if isinstance(given, Mapping) else Rules.from_toml(given)


def _check_clock(snapshot: Snapshot, clock: Clock, most_behind: timedelta | None) -> None:
    """Refuse a clock that is far behind the log, whose events would be dated by its end and not by the clock."""
    now, last = clock(), moment_of(store.head(snapshot.connection).at)
    if most_behind is not None and last - now >= most_behind:
        ends, says = (in_zone(moment, snapshot.zone) for moment in (last, now))
        raise InvalidInput(
            f"clock: must not be behind the log, which ends at {ends}; found {says} (on the command line: --now)"
        )


def _missing(snapshot: Snapshot, policy: Policy | None, rules: Rules | None) -> bool:
    """Return whether something has to be put into force."""
    state = snapshot.book.get(State, "desk")
    if state is None:
        return True
    in_force = snapshot.book.rules_at(snapshot.now).fingerprint
    return (rules is not None and rules.fingerprint != in_force) or (
        policy is not None and policy.fingerprint != state.policy
    )


def _set_up(session: Session, policy: Policy | None, rules: Rules | None) -> None:
    if session.book.get(State, "desk") is None:
        _begin(session, policy or Policy(), rules)
        return
    results = []
    if rules is not None:
        results.append(set_rules(session, rules.to_dict(), None, Who()))
    if policy is not None:
        results.append(set_policy(session, policy, Who()))
    _check(results)


def _begin(session: Session, policy: Policy, rules: Rules | None) -> None:
    if rules is None:
        raise _no_rules()
    session.happen(Opened(leadopt=VERSION), actor=_SYSTEM)
    data = rules.to_dict()
    session.happen(RulesSet(fingerprint=rules.fingerprint, starts_at=session.now, data=data), actor=_SYSTEM)
    keep_policy(session, policy)
    session.happen(PolicySet(fingerprint=policy.fingerprint), actor=_SYSTEM, rules=rules.fingerprint)


def _no_rules() -> InvalidInput:
    zone = '{"time": {"zone": "Europe/Berlin"}}'
    return InvalidInput(f"rules: a new desk needs them, at least {zone} (leadopt desk init --zone Europe/Berlin)")


def _check(results: list[Result]) -> None:
    wrong = next((one for one in results if not one.ok), None)
    if wrong is not None:
        raise InvalidInput(str(wrong))
