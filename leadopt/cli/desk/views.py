"""Commands that show: a lead, why something happened, pools, reviews, what is overdue, messages, the log."""

from pathlib import Path
from typing import Annotated

import typer

from leadopt.cli.desk.asked import FEED, LEAD, MOST, OUTPUT, REP, at_desk, moment, show
from leadopt.cli.terminal import say_error
from leadopt.errors import InvalidInput

views = typer.Typer()
_AT = Annotated[str | None, typer.Option("--at", help="As it was at a moment.", show_default="now")]
_BROKEN = 5  # exit code: the log is not whole


@views.command("show")
def show_lead(
    ctx: typer.Context,
    lead: LEAD,
    by: Annotated[str | None, typer.Option(help="As a rep sees it, with hidden fields masked.")] = None,
    at: _AT = None,
    feed: FEED = None,
) -> None:
    """Show a lead: where it is, what is due, and what happened to it."""
    with at_desk(ctx) as desk:
        then = moment(at, "--at")
        if then is not None and by is not None:
            raise InvalidInput("--by: a past moment is shown to managers only; leave --by or --at out")
        print(desk.lead(lead, by=by, feed=feed) if then is None else desk.at(then).lead(lead, feed=feed))


@views.command("rep")
def show_rep(ctx: typer.Context, rep: REP) -> None:
    """Show a rep: load, room, absences, credit, conduct, leads."""
    with at_desk(ctx) as desk:
        print(desk.rep(rep))


@views.command("why")
def why(
    ctx: typer.Context,
    events: Annotated[list[int], typer.Argument(help="Sequence numbers of events, as `show` tells them.")],
) -> None:
    """Tell why events happened: by whom, why this rep, who came next, who was barred and why."""
    with at_desk(ctx) as desk:
        print("\n\n".join(str(desk.why(event)) for event in events))


@views.command("pool")
def pool(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Of which pool.")] = "main",
    by: Annotated[str | None, typer.Option(help="As a rep sees it, and what keeps it from claiming.")] = None,
    most: MOST = 100,
    output: OUTPUT = None,
) -> None:
    """Show the leads of a pool."""
    with at_desk(ctx) as desk:
        show(desk.pool(name, by=by, most=most), output)


@views.command("reviews")
def reviews(ctx: typer.Context, most: MOST = 100, output: OUTPUT = None) -> None:
    """Show what managers are asked."""
    with at_desk(ctx) as desk:
        show(desk.reviews(most=most), output)


@views.command("overdue")
def overdue(ctx: typer.Context, most: MOST = 100, output: OUTPUT = None) -> None:
    """Show the leads whose follow-up or review is late, and what happens next to each."""
    with at_desk(ctx) as desk:
        show(desk.overdue(most=most), output)


@views.command("messages")
def messages(
    ctx: typer.Context,
    most: MOST = 1000,
    output: OUTPUT = None,
    sent: Annotated[bool, typer.Option("--sent", help="Note that these are sent: not shown again.")] = False,
) -> None:
    """Show the messages that may go out now: reminders, escalations, assignments."""
    with at_desk(ctx) as desk:
        found = desk.messages(most=most)
        show(found, output)
        if sent:
            print(f"{desk.ack([str(row['id']) for row in found]):,} noted as sent.")


@views.command("verify")
def verify(
    ctx: typer.Context,
    checkpoint: Annotated[
        str | None,
        typer.Option(help="A line that `checkpoint` printed, or a file with it: checks from there."),
    ] = None,
) -> None:
    """Check the log: what was changed, dropped, inserted or swapped, and with a checkpoint what was cut."""
    with at_desk(ctx) as desk:
        found = desk.verify(None if checkpoint is None else _line(checkpoint))
        if found.ok:
            print(found)
            return
        say_error(str(found))
        raise typer.Exit(_BROKEN)


def _line(checkpoint: str) -> str:
    path = Path(checkpoint)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else checkpoint


@views.command("checkpoint")
def checkpoint(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file to add the line to.")] = None,
) -> None:
    """Print where the log ends, as a line to keep elsewhere."""
    with at_desk(ctx) as desk:
        line = str(desk.checkpoint())
        if output is not None:
            with output.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        print(line)


@views.command("export")
def export(ctx: typer.Context, lead: LEAD, feed: FEED = None) -> None:
    """Print all that is known of the person behind a lead, as JSON."""
    with at_desk(ctx) as desk:
        print(desk.export(lead, feed=feed))
