"""`python -m benchmarks [name ...]`: measure, and write docs/benchmarks.md; with names, print those alone."""

import importlib
import sys

from benchmarks.harness import ROOT, Row, machine, table, timed

ALL = ("import_time", "assign_tables", "assign_segments", "history_counts", "match_dense", "honesty")
PAGE = """# Benchmarks

Written by `python -m benchmarks` in {seconds:.0f} s. A timing counts only if its answer is right: the plan is certified
OPTIMAL and its objective equals that of an independent solve, or the run fails. Seconds are medians of three runs or
more; peak memory is all that the process held, tables and libraries included.

{machine}

{table}
"""


def main(names: list[str]) -> None:
    setting = "\n".join(machine())
    rows: list[Row] = []

    def work() -> None:
        for name in names or ALL:
            for row in importlib.import_module(f"benchmarks.{name}").rows():
                rows.append(row)
                print(" | ".join(row.cells), flush=True)

    seconds, _ = timed(work)
    if not names:
        page = PAGE.format(seconds=seconds, machine=setting, table=table(rows))
        (ROOT / "docs" / "benchmarks.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
