"""Commands that run a desk: make it, set reps, rules and absences, plan, and let happen what is due."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from leadopt.cli.desk.asked import BY, FEED, LEAD, OUTPUT, REP, at_desk, moment, show, table_in, tell
from leadopt.errors import InvalidInput

running = typer.Typer()
_RULES = Annotated[Path | None, typer.Option(help="The rules of the desk, as TOML (docs/rules.md).")]
_POLICY = Annotated[Path | None, typer.Option(help="How leads are handed out, as TOML (docs/policy.md).")]


@running.command("init")
def init(
    ctx: typer.Context,
    rules: _RULES = None,
    zone: Annotated[str | None, typer.Option(help="Instead of rules: the time zone, and all else as usual.")] = None,
    policy: _POLICY = None,
    reps: Annotated[str | None, typer.Option(help="One row per rep: rep_id, max_open, team, tags, ...")] = None,
) -> None:
    """Make a desk, or put other rules or another policy into force."""
    from leadopt.policy import Policy

    if rules is not None and zone is not None:
        raise typer.BadParameter("--zone: the rules name it already; leave one out")
    given = {"time": {"zone": zone}} if zone is not None else rules
    with at_desk(ctx, make=True, rules=given, policy=None if policy is None else Policy.from_toml(policy)) as desk:
        if reps is not None:
            tell(desk.reps(table_in(reps, "reps", (desk.policy().columns.rep_id,))))
        in_force = desk.rules()
        print(f"The desk stands: {ctx.obj.file}, time zone {in_force.time.zone}.")
        for note in getattr(in_force, "notes", ()):
            print(note)


@running.command("reps")
def reps(
    ctx: typer.Context,
    table: Annotated[str, typer.Argument(help="One row per rep: rep_id, max_open, team, tags, hired_on, ...")],
) -> None:
    """Set reps: who joins, and what changed. Who is not in the table stays as is."""
    with at_desk(ctx) as desk:
        tell(desk.reps(table_in(table, "reps", (desk.policy().columns.rep_id,))))


@running.command("rep-leaves")
def rep_leaves(ctx: typer.Context, rep: REP, by: BY = None) -> None:
    """Let a rep leave: open leads go to others, else to the pool."""
    with at_desk(ctx) as desk:
        tell(desk.rep_leaves(rep, by=by))


@running.command("rep-returns")
def rep_returns(ctx: typer.Context, rep: REP, by: BY = None) -> None:
    """Let a rep who had left be here again."""
    with at_desk(ctx) as desk:
        tell(desk.rep_returns(rep, by=by))


@running.command("absence")
def absence(
    ctx: typer.Context,
    rep: REP,
    start: Annotated[str, typer.Option(help="The first day, or a moment.")],
    end: Annotated[str | None, typer.Option(help="The last day, or a moment.")] = None,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="There is none after all.")] = False,
    by: BY = None,
) -> None:
    """Say when a rep is away."""
    with at_desk(ctx) as desk:
        first, last = _day_or_moment(start, "--start"), None if end is None else _day_or_moment(end, "--end")
        tell(desk.absence(rep, first, last, cancelled=cancelled, by=by))


@running.command("rules")
def rules(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="The rules, as TOML.", show_default="print those in force")
    ] = None,
    starts_at: Annotated[str | None, typer.Option(help="From when, a moment.", show_default="now")] = None,
    by: BY = None,
) -> None:
    """Print the rules in force, or put others into force."""
    from leadopt.lifecycle.rules import Rules

    with at_desk(ctx) as desk:
        if file is None:
            print(desk.rules().to_json())
        else:
            tell(desk.rules(Rules.from_toml(file), starts_at=moment(starts_at, "--starts-at"), by=by))


@running.command("run-due")
def run_due(ctx: typer.Context, output: OUTPUT = None) -> None:
    """Let happen what is due: all that a scheduler must call, as often as it likes."""
    with at_desk(ctx) as desk:
        show(desk.run_due(), output)


@running.command("rebuild")
def rebuild(ctx: typer.Context) -> None:
    """Drop all tables that follow from the log and make them anew; say where they had been otherwise."""
    with at_desk(ctx) as desk:
        print(desk.rebuild())


@running.command("erase")
def erase(ctx: typer.Context, lead: LEAD, by: BY = None, feed: FEED = None) -> None:
    """Erase what tells whose a lead was; the log stays whole."""
    with at_desk(ctx) as desk:
        tell(desk.erase(lead, by=by, feed=feed))


def _day_or_moment(text: str, option: str) -> date | datetime:
    """Return a day where only a day is named, which the desk reads in its own time zone."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = moment(text, option)
        if found is None:
            raise InvalidInput(f"{option}: must be a day or a moment; found {text!r}") from None
        return found
