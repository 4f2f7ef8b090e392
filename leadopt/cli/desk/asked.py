"""What all commands of a desk share: the file, the clock, the options, and how answers are told."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadopt.cli.terminal import answering, prose, say_error, text_table
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.files import write_table

if TYPE_CHECKING:
    from leadopt.desk.desk import Desk

DENIED = 4  # exit code: the desk said no
_SHOWN = 20  # answers that are told one by one
_SKEW = timedelta(minutes=1)  # by which clocks may differ; text shows moments to the minute

LEADS = Annotated[list[str], typer.Argument(help="The leads, by their ids.")]
LEAD = Annotated[str, typer.Argument(help="The lead, by its id.")]
REP = Annotated[str, typer.Argument(help="The rep, by its id.")]
BY_REP = Annotated[str, typer.Option("--by", help="The rep who asks.")]
BY = Annotated[str | None, typer.Option("--by", help="Who asks.", show_default="the role")]
CLEAR = Annotated[
    list[str] | None, typer.Option(help="A column whose blank cells empty what is known; others keep it.")
]
REASON = Annotated[str, typer.Option(help="Why, as a code: wrong_segment, spam, ...")]
OVERRIDE = Annotated[
    str | None, typer.Option(help="A coded reason to pass caps and cool-off; never a refusal, a complaint, an absence.")
]
OCCURRED = Annotated[
    str | None,
    typer.Option(
        "--at", help="When it occurred, like 2026-12-01T09:30; the zone is the desk's, or +01:00.", show_default="now"
    ),
]
OUTPUT = Annotated[Path | None, typer.Option("--output", "-o", help="Where the rows go, as a table.")]
FEED = Annotated[str | None, typer.Option(help="The system whose ids these are, where several report leads.")]
MOST = Annotated[int, typer.Option(help="So many rows at most.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which desk is meant, and what time it is for it; a time without a zone is one of the desk's."""

    file: str
    now: datetime | None
    debug: bool

    @property
    def url(self) -> str:
        """Return the address of the database."""
        return self.file if "://" in self.file else f"sqlite:///{self.file}"


@contextmanager
def at_desk(ctx: typer.Context, *, make: bool = False, **opened: Any) -> Iterator["Desk"]:
    """Open the desk that the command line names, and turn what goes wrong into a sentence and an exit code."""
    asked: Asked = ctx.obj
    with answering(asked.debug):
        if not make and "://" not in asked.file and not Path(asked.file).exists():
            how = f"leadopt desk --file {asked.file} init --zone Europe/Berlin"
            raise InvalidInput(f"{asked.file}: there is no desk; make one with: {how}")
        now = None if asked.now is None else in_zone_of(asked.now, lambda: _zone(asked, opened.get("rules")))
        behind = None if now is None else _SKEW
        with desk_class().open(asked.url, clock=lambda: now or datetime.now(UTC), most_behind=behind, **opened) as desk:
            if now is None:
                _say_if_behind(desk)
            yield desk


def _say_if_behind(desk: "Desk") -> None:
    """Say that the machine's clock is behind the log: what is done is dated as its last event."""
    from leadopt.desk.log.moments import in_zone

    last = desk.last_moment()
    if last - datetime.now(UTC) >= _SKEW:
        ends = in_zone(last, desk.rules().time.zone)
        say_error(f"the clock is behind the log, which ends at {ends}: what is done now is dated so")


def _zone(asked: Asked, rules: Any) -> str:
    """Return the time zone of the desk that is meant: of the rules that are given, else of those in force."""
    if rules is not None:
        from leadopt.desk.opening import rules_of

        return rules_of(rules).time.zone
    with desk_class().open(asked.url) as desk:
        return desk.rules().time.zone


def desk_class() -> type["Desk"]:
    """Return the class of desks, loaded where a command needs it; a package that is missing is named."""
    try:
        from leadopt.desk.desk import Desk
    except ModuleNotFoundError as error:
        raise InvalidInput(f'the desk needs {error.name}; install it with: pip install "leadopt[desk]"') from None
    return Desk


def told_time(text: str | None, option: str) -> datetime | None:
    """Return a time of an option as it is written, None where it is left out."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option}: must be a moment like 2026-12-01T09:30+01:00; found {text!r}") from None


def moment(text: str | None, option: str, desk: "Desk") -> datetime | None:
    """Return a moment of an option, None where it is left out; a time without a zone is one of the desk's."""
    found = told_time(text, option)
    return None if found is None else in_zone_of(found, lambda: desk.rules().time.zone)


def in_zone_of(found: datetime, zone: Callable[[], str]) -> datetime:
    """Return a time with a zone: its own, else the one that is asked for."""
    if found.tzinfo is not None:
        return found
    from leadopt.lifecycle.calendar.zones import zone_of

    return found.replace(tzinfo=zone_of(zone()).info)


def tell(found: Any) -> None:
    """Print what came of a command: each answer, or how many there are of each where they are many; then notes."""
    results = [found] if not isinstance(found, Sequence) else list(found)
    refused = [one for one in results if not one.ok]
    for one in results if len(results) <= _SHOWN else ():
        if one.ok:
            print(f"{one.sentence or 'It is so already.'}{'' if one.seq is None else f' [{one.seq}]'}")
    if len(results) > _SHOWN:
        print(found.summary())
    for one in refused[:_SHOWN]:
        say_error(f"{one}" if len(results) == 1 or one.id is None else f"{one.id}: {one}")
    for note in getattr(found, "notes", ()):
        print(prose(f"Note: {note}."))
    if len(refused) > _SHOWN:
        say_error(f"and {len(refused) - _SHOWN:,} more that were refused")
    if refused:
        raise typer.Exit(DENIED)


def show(listing: Any, output: Path | None = None) -> None:
    """Print rows as a table, or write them to a file; and how many there are."""
    rows = list(listing)
    if output is not None:
        columns = {name: [row.get(name) for row in rows] for name in dict.fromkeys(key for row in rows for key in row)}
        write_table(columns, output)
        print(f"{listing.summary()} Written to {output}.")
        return
    if rows:
        names = [name for name in rows[0] if any(row.get(name) not in (None, (), {}, "") for row in rows)]
        print(text_table(names, [[_cell(row.get(name), listing.zone) for name in names] for row in rows]))
    print(prose(listing.summary()))


def _cell(value: Any, zone: str) -> str:
    from leadopt.desk.log.moments import in_zone

    if value is None:
        return ""
    if isinstance(value, datetime):
        return in_zone(value, zone)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(one, zone)}" for name, one in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(_cell(one, zone) for one in value)
    return str(value)


def table_in(source: str, name: str, ids: Sequence[str]) -> Table:
    """Return a table of a command, from a file or a database."""
    from leadopt.cli.sources import read_source

    return read_source(source, ids, name=name)
