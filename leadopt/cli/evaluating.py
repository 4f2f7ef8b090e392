"""`leadopt evaluate`: a history in a file to a verdict in words, and the calibration curve as a picture."""

from collections.abc import Sequence
from pathlib import Path

from leadopt.cli.assigning import checked_seed, load_policy
from leadopt.cli.sources import Source, read_source
from leadopt.cli.terminal import progress_bar, prose, text_table
from leadopt.errors import InvalidInput
from leadopt.evaluate import Backtest, backtest
from leadopt.policy import Policy
from leadopt.tables.files import write_bytes

_PICTURES = (".png", ".svg", ".pdf")


def run_evaluate(
    history: Source,
    segment_by: Sequence[str] = (),
    policy: Path | None = None,
    plot: Path | None = None,
    output: Path | None = None,
    *,
    now: str = "",
    seed: int = 0,
) -> Backtest:
    """Do `leadopt evaluate` and return what was found: read, backtest, write, then print."""
    for path, kinds in ((plot, _PICTURES), (output, (".json",))):
        if path is not None and path.suffix.lower() not in kinds:
            raise InvalidInput(f"{path}: must end in {' or '.join(kinds)}")
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InvalidInput(f"{path}: cannot be written: it is a folder, or in a folder that does not exist")
    settings = load_policy(policy) if policy else Policy()
    columns = settings.columns.of("history")
    with progress_bar() as on_progress:
        found = backtest(
            read_source(history, columns.ids),
            segment_by=_columns(segment_by) or settings.segment_by,
            half_life_days=settings.half_life_days,
            rep=columns.rep_id,
            converted=columns.converted,
            at=columns.at,
            now=now or None,
            rng=checked_seed(seed),
            on_progress=on_progress,
        )
    if plot is not None:
        found.plot().figure.figure.savefig(str(plot))
    if output is not None:
        write_bytes(output, f"{found.to_json()}\n".encode())
    print(prose(f"Verdict: {found.verdict}."))
    print(f"\n{prose(found.scheme)}")
    for headers, rows in found.below().tables:
        print(f"\n{text_table(headers, rows)}")
    if found.notes:
        print("\nNotes", *(prose(note, "  ") for note in found.notes), sep="\n")
    return found


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a command line names: several options, or one with commas."""
    return tuple(name.strip() for part in names for name in part.split(",") if name.strip())
