"""`leadopt evaluate`: a history in a file to a verdict in words, and the calibration curve as a picture."""

from collections.abc import Sequence
from pathlib import Path

from leadopt.cli.assigning import checked_seed, load_policy
from leadopt.cli.sources import Source, read_source
from leadopt.cli.terminal import progress_bar, prose, text_table
from leadopt.decision.reading.columns_read import Tables, read_note, unread_notes
from leadopt.errors import InvalidInput
from leadopt.evaluate import Backtest, backtest
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.files import write_bytes
from leadopt.tables.reading.reader import Reading

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
    sheet: str | None = None,
    known_before: Sequence[str] = (),
) -> Backtest:
    """Do `leadopt evaluate` and return what was found: read, backtest, write, then print."""
    for path, kinds in ((plot, _PICTURES), (output, (".json",))):
        if path is not None and path.suffix.lower() not in kinds:
            raise InvalidInput(f"{path}: must end in {' or '.join(kinds)}")
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InvalidInput(f"{path}: cannot be written: it is a folder, or in a folder that does not exist")
    settings = load_policy(policy) if policy else Policy()
    columns, reading = settings.columns.of("history"), Reading(formats=settings.formats, outcomes=settings.outcomes)
    segments = _columns(segment_by) or settings.segment_by  # None = found
    with progress_bar() as on_progress:
        table = Table(read_source(history, columns.ids, name="history", sheet=sheet), "history", reading)
        found = backtest(
            table,
            segment_by=segments,
            known_before=_columns(known_before),
            half_life_days=settings.half_life_days,
            rep=columns.rep_id,
            converted=columns.converted,
            at=columns.at,
            assigned=columns.assigned_at,
            lead_id=columns.lead_id,
            value=columns.value,
            now=now or None,
            rng=checked_seed(seed),
            on_progress=on_progress,
        )
    if plot is not None:
        found.plot().figure.figure.savefig(str(plot))
    if output is not None:
        write_bytes(output, f"{found.to_json()}\n".encode())
    print(prose(found.summary()))
    for said in (found.scheme, *found.by_matching):
        print(f"\n{prose(said)}")
    for headers, rows in found.below().tables:
        print(f"\n{text_table(headers, rows)}")
    print("\nNotes", *(prose(note, "  ") for note in _notes(found, settings, table)), sep="\n")
    return found


def _notes(found: Backtest, settings: Policy, table: Table) -> list[str]:
    """Return what was noticed, with which columns were read as what; values tell nothing of chances."""
    policy = Policy(columns=settings.columns, segment_by=found.segment_by)
    own: Tables = {"history": table}
    read = read_note(policy, own, found.segment_by, worth=False)
    return [f"{note.removesuffix('.')}." for note in (*unread_notes(policy, own, worth=False), *found.notes, read)]


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a command line names: several options, or one with commas."""
    return tuple(name.strip() for part in names for name in part.split(",") if name.strip())
