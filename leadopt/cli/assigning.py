"""`leadopt assign` and what reads its files again: tables in files to a plan in files."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from leadopt.assign import assign
from leadopt.cli.inputs import asked_sheets, read_tables
from leadopt.cli.sources import (
    Source,
    check_writable,
    is_plan,
    place,
    refuse_foreign,
    refuse_replacing,
    shown,
    with_ids_alike,
)
from leadopt.cli.terminal import progress_bar, prose, text_table
from leadopt.errors import InvalidInput
from leadopt.plans.assignments import plan_table
from leadopt.plans.plan import Plan
from leadopt.plans.report import load_columns, rep_table
from leadopt.policy import Policy
from leadopt.progress import Progress
from leadopt.tables import Table
from leadopt.tables.books.workbook import Page
from leadopt.tables.files import EXTENSIONS, write_book, write_bytes, write_table
from leadopt.tables.headers import Kind
from leadopt.tables.reading.encodings import read_text
from leadopt.tables.sql import is_database
from leadopt.tables.text import number

_KINDS: tuple[Kind, ...] = ("leads", "reps", "history")
_IDS = ("lead_id", "rep_id")
_HEAD = 10  # rows of a plan shown where it is not saved
_MOST_REPS = 40  # lines of loads shown; the report has all


def run_assign(
    leads: Source,
    reps: Source | None = None,
    history: Source | None = None,
    policy: Path | None = None,
    pins: Source | None = None,
    output: Source | None = None,
    report: Path | None = None,
    *,
    now: str = "",
    seed: int = 0,
    time_limit_s: float | None = None,
    sheets: Sequence[str] = (),
    replace: bool = False,
    substitutes: bool = False,
    carry: Path | None = None,
) -> Plan:
    """Do `leadopt assign` and return the plan: read, assign, write, then print."""
    inputs = [path for path in (leads, reps, history, policy, pins) if path is not None]
    if carry is not None:
        check_writable(carry)
        refuse_replacing(carry, inputs)
    written = _outputs(output, report, inputs, replace=replace)
    how = _how(now, seed, time_limit_s)
    settings, read = _read(leads, reps, history, policy, pins, sheets)
    plan = _planned(settings, read, how)
    after = None if carry is None else carried_table(plan, read["reps"])  # refused before anything is written
    if output is not None:
        _write(plan, output, replace=replace, substitutes=substitutes)
    if carry is not None and after is not None:
        write_table(after, carry)
        written.append(carry)
    if report is not None:
        write_bytes(report, f"{plan.report()}\n".encode())
    print(prose(f"{plan.summary()[:1].upper()}{plan.summary()[1:]}."))
    print(f"\n{_loads(plan)}")
    if substitutes:
        print(prose(f"\n{plan.substitutes().summary()}."))
    if plan.notes:
        print("\nNotes", *(prose(note, "  ") for note in plan.notes), sep="\n")
    if output is None:
        print(
            f"\n{_head(plan_table(plan, substitutes=substitutes))}\n\n"
            "Nothing was saved: add -o plan.csv to save the plan."
        )
    if written:
        print(f"\nWrote {' and '.join(map(shown, written))}.")
    if output is not None and plan.case.lead_ids:
        print(f"Next: leadopt explain {shlex.join([shown(_whole_plan(output)), str(plan.case.lead_ids[0])])}")
    return plan


def carried_table(plan: Plan, reps: Any) -> dict[str, list[Any]]:
    """Return the reps' table with what is left of their slots, to be read the next time."""
    if plan.case.carried is None:
        raise InvalidInput(
            "--carry: nothing is carried over, as capacities are whole; write a capacity as a fraction, such as 0.45"
        )
    columns, table = plan.case.policy.columns.of("reps"), Table(reps, "reps")
    left = {str(rep): part for rep, part in plan.carried.items()}
    found = {name: table.values(name) for name in table.columns}
    return found | {columns.carried: [left.get(str(rep)) for rep in found[columns.rep_id]]}


def _write(plan: Plan, output: Source, *, replace: bool, substitutes: bool) -> None:
    if is_database(output):
        plan.to_sql(str(output), replace=replace, substitutes=substitutes)
        return
    table = plan_table(plan, substitutes=substitutes)
    if Path(output).suffix.lower() == ".xlsx":
        write_book(_pages(plan, table), Path(output))
    else:
        write_table(table, output)
    write_bytes(Path(_whole_plan(output)), plan.to_json().encode())


def _whole_plan(output: Source) -> Source:
    """Return where the whole plan is, given where its table is."""
    return output if is_database(output) else Path(output).with_suffix(".json")


def plan_files(
    leads: Source,
    reps: Source | None = None,
    history: Source | None = None,
    policy: Path | None = None,
    pins: Source | None = None,
    *,
    now: str = "",
    seed: int = 0,
    time_limit_s: float | None = None,
    sheets: Sequence[str] = (),
) -> Plan:
    """Return the plan for tables and a policy in files."""
    how = _how(now, seed, time_limit_s)
    return _planned(*_read(leads, reps, history, policy, pins, sheets), how)


def _how(now: str, seed: int, time_limit_s: float | None) -> dict[str, Any]:
    """Return what `assign` is told beside tables and policy; refuse, before any file is read, what it cannot be."""
    return {"now": _date(now), "rng": checked_seed(seed), "time_limit_s": checked_time_limit(time_limit_s)}


def _read(
    leads: Source,
    reps: Source | None,
    history: Source | None,
    policy: Path | None,
    pins: Source | None,
    sheets: Sequence[str],
) -> tuple[Policy, dict[str, Table | None]]:
    """Return the policy and the tables as they are in their files."""
    settings = load_policy(policy) if policy else Policy()
    files = {"leads": leads, "reps": reps, "history": history, "pins": pins}
    with progress_bar() as on_progress:
        on_progress(Progress(stage="read files", iteration=0, elapsed_s=0.0))
        return settings, read_tables(files, settings.columns.ids, asked_sheets(sheets))


def _planned(settings: Policy, read: Mapping[str, Table | None], how: Mapping[str, Any]) -> Plan:
    """Return the plan for tables as they were read."""
    columns = settings.columns
    named = [
        {**{kind: getattr(columns.of(kind), name) for kind in _KINDS}, "pins": getattr(columns, name)} for name in _IDS
    ]
    tables = with_ids_alike(read, named)
    pinned = tables["pins"]
    with progress_bar() as on_progress:
        return assign(
            tables["leads"],
            tables["reps"],
            tables["history"],
            policy=settings,
            pins=None if pinned is None else _pins(pinned, settings),
            on_progress=on_progress,
            **how,
        )


def load_plan(source: Source) -> Plan:
    """Return the plan in a .json file, or beside its table in a database; a file's table will do too."""
    if is_database(source):
        return Plan.from_sql(str(source))
    path = Path(source)
    if path.suffix.lower() in EXTENSIONS:
        path = path.with_suffix(".json")
    try:
        return Plan.from_json(read_text(path))
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def load_policy(path: Path) -> Policy:
    """Return the policy in a TOML file."""
    return Policy.from_toml(path)


def explanation(plan: Plan, lead_id: Any) -> str:
    """Return why a lead went where it went, as lines that fit the terminal."""
    first, *rest = plan.explain(lead_id).lines
    return "\n".join([prose(first), *(prose(line, "  ") for line in rest)])


def _outputs(
    output: Source | None, report: Path | None, inputs: Sequence[Source], *, replace: bool = False
) -> list[Source]:
    """Return what is to be written; refuse, before any work, what cannot be or would replace an input."""
    files = [] if output is None else list(dict.fromkeys([output, _whole_plan(output)]))
    for path in files:
        refuse_replacing(path, inputs)
    if output is not None:
        check_writable(output, replace=replace)
        if not is_database(output):  # the table is named by who asks, and the .json beside it is not
            refuse_foreign(Path(_whole_plan(output)), is_plan, "--output")
    if report is not None:
        files.append(report)
        refuse_replacing(report, inputs)
        if report.is_dir() or not report.parent.is_dir():
            raise InvalidInput(f"{report}: cannot be written: it is a folder, or in a folder that does not exist")
    if len({place(path) for path in files}) < len(files):
        raise InvalidInput(f"{report}: plan and report cannot be written to the same file")
    return files


def _pages(plan: Plan, table: dict[str, list[Any]]) -> list[Page]:
    """Return the sheets of a plan: every lead, the reps' loads, the leads that nobody has, and what was noted."""
    pool = Table(plan.unassigned, "pool")
    left = {name: pool.values(name) for name in pool.columns}
    said = [f"{plan.summary()[:1].upper()}{plan.summary()[1:]}.", *plan.notes, f"Policy {plan.case.policy.fingerprint}"]
    return [
        Page(name="plan", columns=table, percents=("probability",)),
        Page(name="reps", columns=load_columns(plan), percents=("fill",)),
        Page(name="pool", columns=left),
        Page(name="notes", columns={"notes": said}),
    ]


def _pins(table: Table, policy: Policy) -> dict[Any, Any]:
    columns = policy.columns
    return dict(zip(table.ids(columns.lead_id), table.ids(columns.rep_id, unique=False), strict=True))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise InvalidInput(f"--now: must be a date like 2026-01-31; found {text!r}") from None


def checked_seed(seed: int) -> int:
    """Return the seed; raise `InvalidInput` where it is negative."""
    if seed < 0:
        raise InvalidInput(f"--seed: must be 0 or more; found {seed}")
    return seed


def checked_time_limit(seconds: float | None) -> float | None:
    """Return the seconds that a search may take; raise `InvalidInput` where they are none."""
    if seconds is not None and not seconds > 0:
        raise InvalidInput(f"--time-limit: must be seconds, more than 0, or inf for no limit; found {number(seconds)}")
    return seconds


def _loads(plan: Plan) -> str:
    headers, rows = rep_table(plan)
    more = len(rows) - _MOST_REPS
    rest = f"\nand {more} more reps; --report has all" if more > 0 else ""
    return text_table(headers, rows[:_MOST_REPS]) + rest


def _head(table: dict[str, list[Any]]) -> str:
    shown = [name for name in table if name not in ("because", "remedy")]
    rows = [[_cell(table[name][row]) for name in shown] for row in range(min(_HEAD, len(table[shown[0]])))]
    more = len(table[shown[0]]) - len(rows)
    return text_table([name.replace("_", " ") for name in shown], rows) + (f"\nand {more} more leads" if more else "")


def _cell(value: Any) -> str:
    return "" if value is None else number(value) if isinstance(value, float) else str(value)
