"""`python -m benchmarks [--quick | --write] [name ...]`: measure, and write pages of docs/.

A name is a page ("benchmarks", "benchmarks-affinity", "benchmarks-evaluate", "benchmarks-desk": written anew) or a
benchmark (printed, and with ``--write`` put in the place of its sections of its page, of which the others stay, as does
what stands before the first); without any, all pages.
``--quick`` takes what each benchmark calls its `quick_rows`, small instances, and writes nothing.
"""

import argparse
import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

from benchmarks.harness import ROOT, Line, commit, machine, sections, split_sections

ALL = (
    *("import_time", "assign_tables", "assign_segments", "history_counts"),
    *("match_peers", "small_problems", "tied", "warm_start", "frontier", "curves", "honesty", "auto_table"),
    *("limits", "gap", "sparse", "cores", "interrupts"),
)
AFFINITY = (
    *("held_out", "affinity_lift", "many_columns", "small_teams", "few_reps"),
    *("season_value", "open_outcomes", "seasons"),
)
DESK = ("desk_log", "desk_commands", "desk_reads", "desk_plan")
EVALUATE = ("headlines", "verdicts", "verdict_power", "off_policy_coverage", "null_trials", "uniform_holdouts")
PAGE = """# Benchmarks

Written by `python -m benchmarks`. A timing counts only if its answer is right: the plan is certified
OPTIMAL and its objective equals that of an independent solve where one can be had, or the run fails. Seconds are
medians of three runs or more, unless one takes over three seconds; peak memory is all that the process held, tables and
libraries included.

{machine}
"""
AFFINITY_PAGE = """# Benchmarks: what is learned

Written by `python -m benchmarks benchmarks-affinity`: real data, and simulated sales floors whose truth is known.

{machine}
"""
EVALUATE_PAGE = """# Benchmarks: does it help?

Written by `python -m benchmarks benchmarks-evaluate`: histories and logs whose truth is known.

{machine}
"""
DESK_PAGE = """# Benchmarks: the desk

Written by `python -m benchmarks benchmarks-desk`. Commands and the log alone stand beside a bare
insert of rows of the same size, in turns on one disk. Reads and plans are of a desk that was filled in bulk and then
rebuilt from its log, so that every record follows from it; every answer is checked.

{machine}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of docs/: the benchmarks on it, and its text before their sections, around `machine`."""

    names: tuple[str, ...]
    text: str


PAGES = {
    "benchmarks": Page(names=ALL, text=PAGE),
    "benchmarks-affinity": Page(names=AFFINITY, text=AFFINITY_PAGE),
    "benchmarks-evaluate": Page(names=EVALUATE, text=EVALUATE_PAGE),
    "benchmarks-desk": Page(names=DESK, text=DESK_PAGE),
}


def main(arguments: list[str]) -> None:
    """Measure what is asked for.

    Raises
    ------
    SystemExit
        of code 2: a name or a flag is unknown, or flags contradict each other; of code 0: help was asked for
    """
    asked = _asked(arguments)
    if asked.quick:
        for name in _benchmarks(asked.names or ["benchmarks"]):
            _print(measured(name, quick=True))
        return
    for name in asked.names or PAGES:
        if name in PAGES:
            write(name, PAGES[name].names)
        elif asked.write:
            page = next(page for page, of_page in PAGES.items() if name in of_page.names)
            write(page, (name,), _path(page).read_text(encoding="utf-8"))
        else:
            _print(measured(name, quick=False))


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure, and write pages of docs/: all pages where nothing is named.",
        epilog=f"Pages: {', '.join(PAGES)}. Benchmarks: {', '.join(_benchmarks(PAGES))}.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="a page, written anew, or a benchmark, printed")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="small instances, printed; no page is written")
    how.add_argument("--write", action="store_true", help="put the sections of the benchmarks into their pages")
    asked, others = parser.parse_known_intermixed_args(arguments)
    names = {*PAGES, *_benchmarks(PAGES)}
    if unknown := [*others, *(name for name in asked.names if name not in names)]:
        known = ", ".join((*PAGES, *_benchmarks(PAGES), "--quick", "--write"))
        parser.exit(2, f"python -m benchmarks: unknown: {', '.join(unknown)}; known: {known}.\n")
    return asked


def _benchmarks(names: Iterable[str]) -> list[str]:
    """Return the names of benchmarks, in place of each page those on it."""
    return [one for name in names for one in (PAGES[name].names if name in PAGES else (name,))]


def _print(rows: Iterable[Line]) -> None:
    for row in rows:
        print(" | ".join(row.cells), flush=True)


def write(page: str, names: Iterable[str], before: str | None = None) -> None:
    """Write a page of some benchmarks' sections, after each row: a run cut short leaves what it has.

    Of a page as it was `before`, its beginning and all other sections stay, as does in a table of several benchmarks
    what others measured.
    """
    # Which commit is asked before the page is written, which makes the files differ from it.
    setting, measured_at = "\n".join(machine()), commit()
    head, kept = PAGES[page].text.format(machine=setting), split_sections(before or "")
    if before is not None:
        head = re.sub(r"^- CPU: .*(\n- .*)*", lambda _: setting, before.partition("\n## ")[0], count=1, flags=re.M)
    for name in names:
        start, rows, found = perf_counter(), list[Line](), dict(kept)
        for row in measured(name, quick=False):
            rows.append(row)
            _print([row])
            told = f"measured on {date.today()} at {measured_at}, in {perf_counter() - start:,.0f} s."
            found = kept | sections(rows, told, name=name, kept=kept)
            _path(page).write_text("\n\n".join((head.rstrip(), *found.values())) + "\n", encoding="utf-8")
        kept = found


def _path(page: str) -> Path:
    return ROOT / "docs" / f"{page}.md"


def measured(name: str, quick: bool) -> Iterator[Line]:
    module = importlib.import_module(f"benchmarks.{name}")
    return getattr(module, "quick_rows", module.rows)() if quick else module.rows()


if __name__ == "__main__":
    main(sys.argv[1:])
