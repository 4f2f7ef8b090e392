"""`leadopt policy check`: whether a policy file is right, by itself and for somebody's tables."""

from collections.abc import Iterator
from pathlib import Path

from leadopt.cli.assigning import load_policy, plan_files
from leadopt.cli.sources import Source, shown
from leadopt.cli.terminal import prose
from leadopt.errors import InvalidInput
from leadopt.policy import Policy

_SEARCH_S = 3.0  # enough to see whether there is a plan


def run_check(
    policy: Path, leads: Source | None = None, reps: Source | None = None, history: Source | None = None
) -> Policy:
    """Do `leadopt policy check` and return the policy: read it, and plan with it if there are tables.

    Raises
    ------
    InvalidInput
        what is wrong with the policy, or with the tables as it says they are
    Infeasible
        its limits contradict each other for these tables
    """
    settings = load_policy(policy)
    print(prose(f"{policy} is a policy: {', '.join(_told(settings)) or 'every setting is left at its default'}."))
    if leads is None:
        return settings
    if reps is None:
        raise InvalidInput("policy check: to hold a policy against tables takes leads and reps at least")
    plan = plan_files(leads, reps, history, policy, time_limit_s=_SEARCH_S)
    sources = [shown(source) for source in (leads, reps, history) if source is not None]
    print(prose(f"It does for {', '.join(sources)}: {plan.summary()}."))
    if plan.notes:
        print("\nNotes", *(prose(note, "  ") for note in plan.notes), sep="\n")
    return settings


def _told(policy: Policy) -> Iterator[str]:
    """Yield the settings that are not left at their defaults, in few words each."""
    usual, told = Policy().to_dict(), policy.to_dict()
    for name, value in told.items():
        if value == usual.get(name):
            continue
        if name == "columns":
            changed = [column for column, header in value.items() if header != usual["columns"].get(column)]
            yield f"columns ({', '.join(changed)})"
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            yield f"{name} ({', '.join(value)})"
        elif isinstance(value, list) and len(value) > 1:
            yield f"{name} ({len(value)})"
        elif isinstance(value, str | int | float):
            yield f"{name} ({value})"
        else:
            yield name
