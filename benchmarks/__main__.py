"""`python -m benchmarks [--quick] [name ...]`: measure, and write docs/benchmarks.md; with names, print those alone.

``--quick`` takes what each benchmark calls its `quick_rows`: small instances.
"""

import importlib
import sys
from collections.abc import Iterator
from time import perf_counter

from benchmarks.harness import ROOT, Line, machine, sections

ALL = (
    *("import_time", "assign_tables", "assign_segments", "history_counts", "match_peers"),
    *("warm_start", "frontier", "curves", "honesty", "auto_table"),
    *("limits", "gap"),
)
PAGE = """# Benchmarks

Written by `python -m benchmarks` in {seconds:.0f} s. A timing counts only if its answer is right: the plan is certified
OPTIMAL and its objective equals that of an independent solve where one can be had, or the run fails. Seconds are
medians of three runs or more, unless one takes over three seconds; peak memory is all that the process held, tables and
libraries included.

{machine}

{sections}
"""


def main(arguments: list[str]) -> None:
    names = [argument for argument in arguments if argument != "--quick"]
    quick = len(names) < len(arguments)
    setting = "\n".join(machine())
    rows: list[Line] = []

    start = perf_counter()
    for name in names or ALL:
        for row in measured(name, quick):
            rows.append(row)
            print(" | ".join(row.cells), flush=True)
        if not names and not quick:  # each time, so that a run that is cut short leaves what it has
            page = PAGE.format(seconds=perf_counter() - start, machine=setting, sections=sections(rows))
            (ROOT / "docs" / "benchmarks.md").write_text(page, encoding="utf-8")


def measured(name: str, quick: bool) -> Iterator[Line]:
    module = importlib.import_module(f"benchmarks.{name}")
    return getattr(module, "quick_rows", module.rows)() if quick else module.rows()


if __name__ == "__main__":
    main(sys.argv[1:])
