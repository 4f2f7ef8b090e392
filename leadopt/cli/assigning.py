"""`leadopt assign` and what reads its files again: tables in files to a plan in files."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from leadopt.assign import assign
from leadopt.cli.inputs import asked_sheets, read_tables
from leadopt.cli.terminal import progress_bar, prose, text_table
from leadopt.errors import InvalidInput
from leadopt.plans.plan import Plan
from leadopt.plans.report import load_columns, rep_table
from leadopt.policy import Policy
from leadopt.progress import Progress
from leadopt.tables import Table
from leadopt.tables.books.sheets import split_sheet
from leadopt.tables.books.workbook import Page
from leadopt.tables.files import EXTENSIONS, check_writable, write_book, write_bytes, write_table
from leadopt.tables.reading.encodings import read_text
from leadopt.tables.text import number

_HEAD = 10  # rows of a plan shown where it is not saved
_MOST_REPS = 40  # lines of loads shown; the report has all


def run_assign(
    leads: Path,
    reps: Path | None = None,
    history: Path | None = None,
    policy: Path | None = None,
    pins: Path | None = None,
    output: Path | None = None,
    report: Path | None = None,
    *,
    now: str = "",
    seed: int = 0,
    time_limit_s: float | None = None,
    sheets: Sequence[str] = (),
) -> Plan:
    """Do `leadopt assign` and return the plan: read, assign, write, then print."""
    inputs = [path for path in (leads, reps, history, policy, pins) if path is not None]
    written = _outputs(output, report, inputs)
    plan = plan_files(leads, reps, history, policy, pins, now=now, seed=seed, time_limit_s=time_limit_s, sheets=sheets)
    table = plan_table(plan)
    if output is not None and output.suffix.lower() == ".xlsx":
        write_book(_pages(plan, table), output)
    elif output is not None:
        write_table(table, output)
    if output is not None:
        write_bytes(output.with_suffix(".json"), plan.to_json().encode())
    if report is not None:
        write_bytes(report, f"{plan.report()}\n".encode())
    print(prose(f"{plan.summary()[:1].upper()}{plan.summary()[1:]}."))
    print(f"\n{_loads(plan)}")
    if plan.notes:
        print("\nNotes", *(prose(note, "  ") for note in plan.notes), sep="\n")
    if output is None:
        print(f"\n{_head(table)}\n\nNothing was saved: add -o plan.csv to save the plan.")
    if written:
        print(f"\nWrote {' and '.join(map(str, written))}.")
    if output is not None and plan.case.lead_ids:
        print(f"Next: leadopt explain {output.with_suffix('.json')} {plan.case.lead_ids[0]}")
    return plan


def plan_files(
    leads: Path,
    reps: Path | None = None,
    history: Path | None = None,
    policy: Path | None = None,
    pins: Path | None = None,
    *,
    now: str = "",
    seed: int = 0,
    time_limit_s: float | None = None,
    sheets: Sequence[str] = (),
) -> Plan:
    """Return the plan for tables and a policy in files."""
    today = _date(now)
    settings = load_policy(policy) if policy else Policy()
    ids = settings.columns.ids
    with progress_bar() as on_progress:
        on_progress(Progress(stage="read files", iteration=0, elapsed_s=0.0))
        files = {"leads": leads, "reps": reps, "history": history, "pins": pins}
        tables = read_tables(files, ids, asked_sheets(sheets))
        pinned = tables["pins"]
        return assign(
            tables["leads"],
            tables["reps"],
            tables["history"],
            policy=settings,
            pins=None if pinned is None else _pins(pinned, settings),
            now=today,
            time_limit_s=checked_time_limit(time_limit_s),
            rng=checked_seed(seed),
            on_progress=on_progress,
        )


def plan_table(plan: Plan) -> dict[str, list[Any]]:
    """Return one row per lead, in the leads' order: the assignment, or why it stays in the pool."""
    lead_id, _ = plan.case.policy.columns.written
    placed, pool = (Table(table, "plan") for table in (plan.assignments, plan.unassigned))
    names = dict.fromkeys((*placed.columns, *pool.columns))
    rows = {row[lead_id]: row for table in (placed, pool) for row in _rows(table)}
    return {name: [rows[lead].get(name) for lead in plan.case.lead_ids] for name in names}


def _rows(table: Table) -> list[dict[str, Any]]:
    cells = zip(*(table.values(column) for column in table.columns), strict=True)
    return [dict(zip(table.columns, row, strict=True)) for row in cells]


def load_plan(path: Path) -> Plan:
    """Return the plan in a .json file; the name of the table beside it will do too."""
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
    first, *rest = plan.explain(lead_id).lines
    return "\n".join([prose(first), *(prose(line, "  ") for line in rest)])


def _outputs(output: Path | None, report: Path | None, inputs: Sequence[Path]) -> list[Path]:
    """Return the files to be written; refuse, before any work, those that cannot be or that would replace an input."""
    files = [output, output.with_suffix(".json")] if output is not None else []
    if output is not None:
        check_writable(output)
    if report is not None:
        files.append(report)
        if report.is_dir() or not report.parent.is_dir():
            raise InvalidInput(f"{report}: cannot be written: it is a folder, or in a folder that does not exist")
    read = {Path(split_sheet(str(path))[0]).resolve() for path in inputs}
    for path in files:
        if path.resolve() in read:
            raise InvalidInput(f"{path}: is also read, and would be replaced; write to another file")
    if len({path.resolve() for path in files}) < len(files):
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
    if seed < 0:
        raise InvalidInput(f"--seed: must be 0 or more; found {seed}")
    return seed


def checked_time_limit(seconds: float | None) -> float | None:
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
