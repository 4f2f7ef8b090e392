"""Commands that show: a lead, why something happened, pools, reviews, what is overdue, messages, the log."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from leadopt.cli.desk.asked import FEED, LEAD, MOST, OUTPUT, REP, at_desk, moment, show, table_in
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
        then = moment(at, "--at", desk)
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


_FIRST = Annotated[str, typer.Option(help="The first day of the period.")]
_LAST = Annotated[str, typer.Option(help="Its last day.")]


@views.command("report")
def report(
    ctx: typer.Context,
    first: Annotated[str | None, typer.Option(help="The first day.", show_default="the last week that is over")] = None,
    last: Annotated[str | None, typer.Option(help="The last day.")] = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="Of a month, the last one that is over.")] = False,
) -> None:
    """Report on a week or a month: what came, who got it, what is overdue, recalls, refusals, conduct."""
    with at_desk(ctx) as desk:
        if (first is None) != (last is None):
            raise InvalidInput("--first and --last: name both days of the period, or neither")
        period = None if first is None or last is None else (_day(first, "--first"), _day(last, "--last"))
        print(desk.monthly(period) if monthly else desk.weekly(period))


@views.command("metrics")
def metrics(ctx: typer.Context, first: _FIRST, last: _LAST) -> None:
    """Show the figures of a period: response, on time, conversion, use, turnover, fairness; of all and by rep."""
    with at_desk(ctx) as desk:
        print(desk.metrics((_day(first, "--first"), _day(last, "--last"))))


@views.command("before-after")
def before_after(
    ctx: typer.Context,
    before: Annotated[str, typer.Option(help="The first and the last day before, like 2026-01-05..2026-03-29.")],
    after: Annotated[str, typer.Option(help="The same after: as many whole weeks.")],
    mix: Annotated[
        list[str] | None, typer.Option(help="Column that says what a lead is like, by which both are made alike.")
    ] = None,
    history: Annotated[
        str | None, typer.Option(help="Past leads of another system, where the time before is from before the desk.")
    ] = None,
    exported: Annotated[
        str | None, typer.Option(help="The day on which that was exported.", show_default="the last day in it")
    ] = None,
) -> None:
    """Show two periods beside each other, with intervals; before and after is no experiment."""
    from leadopt.desk.figures import HistoryColumns, facts_of_history

    with at_desk(ctx) as desk:
        calendar, known = desk.rules().calendar, None
        if history is not None:
            names = desk.policy().columns
            own = {name: getattr(names, name) for name in ("rep_id", "lead_id", "assigned_at", "converted", "at")}
            table = table_in(history, "history", (names.lead_id, names.rep_id))
            known = facts_of_history(
                table, columns=HistoryColumns(**own), calendar=calendar, mix=mix or None, now=exported
            )
        print(desk.before_after(_days(before, "--before"), _days(after, "--after"), earlier=known, mix=mix or None))


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{option}: must be a day like 2026-01-05; found {text!r}") from None


def _days(text: str, option: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    if not dots:
        raise InvalidInput(f"{option}: must be two days like 2026-01-05..2026-03-29; found {text!r}")
    return _day(first.strip(), option), _day(last.strip(), option)


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
