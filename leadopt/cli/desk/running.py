"""Commands that run a desk: make it, set reps, rules and absences, plan, and let happen what is due."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadopt.cli.assigning import checked_seed
from leadopt.cli.desk.asked import BY, CLEAR, FEED, LEAD, OUTPUT, REP, at_desk, desk_class, moment, show, table_in, tell
from leadopt.cli.terminal import answering, progress_bar, prose
from leadopt.errors import InvalidInput
from leadopt.plans.assignments import plan_table
from leadopt.tables.files import write_bytes, write_table

if TYPE_CHECKING:
    from leadopt.desk.desk import Desk

running = typer.Typer()
_RULES = Annotated[Path | None, typer.Option(help="The rules of the desk, as TOML (docs/rules.md).")]
_REPORT = Annotated[Path | None, typer.Option(help="Where a report in Markdown goes.")]
_SEED = Annotated[int, typer.Option(help="Decides between equally good plans; same seed, same plan.")]
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
    with answering(ctx.obj.debug):
        told = None if policy is None else Policy.from_toml(policy)
    stood = "://" not in ctx.obj.file and Path(ctx.obj.file).exists()
    with at_desk(ctx, make=True, rules=given, policy=told) as desk:
        try:
            if reps is not None:
                tell(desk.reps(table_in(reps, "reps", (desk.policy().columns.rep_id,))))
        finally:  # it does also where a rep is refused, or the table cannot be read
            in_force = desk.rules()
            print(f"The desk stands: {ctx.obj.file}, time zone {in_force.time.zone}.")
            print(f"Policy in force: {_whose(desk.policy().fingerprint[:12], policy, stood=stood)}.")
            for note in getattr(in_force, "notes", ()):
                print(note)


def _whose(fingerprint: str, policy: Path | None, *, stood: bool) -> str:
    """Return which policy is in force, and where it is from."""
    if policy is not None:
        return f"{fingerprint}, as {policy} says"
    found = f"{fingerprint}, as before" if stood else "the usual one"
    return f"{found}; --policy puts another one there"


@running.command("reps")
def reps(
    ctx: typer.Context,
    table: Annotated[str, typer.Argument(help="One row per rep: rep_id, max_open, team, tags, hired_on, ...")],
    clear: CLEAR = None,
) -> None:
    """Set reps: who joins, and what changed. What a row does not tell stays, and who is not in the table."""
    with at_desk(ctx) as desk:
        tell(desk.reps(table_in(table, "reps", (desk.policy().columns.rep_id,)), clear=clear or ()))


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


@running.command("rename-rep")
def rename_rep(
    ctx: typer.Context, rep: REP, to: Annotated[str, typer.Option(help="The new id.")], by: BY = None
) -> None:
    """Call a rep otherwise: leads, credit and past stay; tables and feeds have to say the new id from now on."""
    with at_desk(ctx) as desk:
        tell(desk.rename_rep(rep, to, by=by))


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
        first = _day_or_moment(start, "--start", desk)
        last = None if end is None else _day_or_moment(end, "--end", desk)
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
            tell(desk.rules(Rules.from_toml(file), starts_at=moment(starts_at, "--starts-at", desk), by=by))


@running.command("import")
def import_(
    ctx: typer.Context,
    leads: Annotated[
        str | None, typer.Argument(help="One row per lead: lead_id, stage, rep_id (who has it), what is known of it.")
    ] = None,
    history: Annotated[
        str | None, typer.Option(help="One row per past lead: rep_id, converted, at, its attributes.")
    ] = None,
    feed: Annotated[str, typer.Option(help="The system whose ids these are, where several report leads.")] = "",
) -> None:
    """Take leads and past leads over from another system; the same file twice does nothing."""
    with at_desk(ctx) as desk:
        ids = (desk.policy().columns.lead_id, desk.policy().columns.rep_id)
        given = None if leads is None else table_in(leads, "leads", ids)
        past = None if history is None else table_in(history, "history", ids)
        tell(desk.import_(given, past, feed=feed))


@running.command("plan")
def plan(ctx: typer.Context, output: OUTPUT = None, report: _REPORT = None, seed: _SEED = 0) -> None:
    """Show the best plan for all leads that nobody owns; nothing happens yet (`apply` does it)."""
    with at_desk(ctx) as desk, progress_bar() as listener:
        _show_plan(desk.plan(rng=checked_seed(seed), on_progress=listener), output, report)


@running.command("apply")
def apply(ctx: typer.Context, output: OUTPUT = None, report: _REPORT = None, seed: _SEED = 0, by: BY = None) -> None:
    """Make the best plan for all leads that nobody owns, and do what it says; what was cut off goes on first."""
    with at_desk(ctx) as desk, progress_bar() as listener:
        cut_off = desk.apply(by=by)
        if len(cut_off):
            print(f"A plan that had been cut off went on. {cut_off.summary()}")
        made = desk.plan(rng=checked_seed(seed), on_progress=listener)
        _show_plan(made, output, report)
        tell(desk.apply(made, by=by))


@running.command("demo")
def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed, another sales floor.")] = 0,
    weeks: Annotated[int, typer.Option(help="Of the quarter, and of the one before.")] = 13,
) -> None:
    """Simulate a quarter by hand and at a desk, compare, and leave a desk to look at."""
    from leadopt.cli.desk.demo import run_desk_demo

    with answering(ctx.obj.debug):
        desk_class()  # refuses in a sentence where a package is missing
        run_desk_demo(folder, seed, weeks)


def _show_plan(made: Any, output: Path | None, report: Path | None) -> None:
    """Print a plan, and write its table and its report where that is asked for."""
    if not len(made.leads):
        print("No lead is without an owner.")
        return
    print(made.report() if report is None and output is None else prose(made.summary()))
    if output is not None:
        write_table(plan_table(made), output)
        print(f"Plan: {output}")
    if report is not None:
        write_bytes(report, f"{made.report()}\n".encode())
        print(f"Report: {report}")


@running.command("run-due")
def run_due(ctx: typer.Context, output: OUTPUT = None) -> None:
    """Let happen what is due: all that a scheduler must call, as often as it likes."""
    with at_desk(ctx) as desk:
        show(desk.run_due(), output)


@running.command("rebuild")
def rebuild(ctx: typer.Context) -> None:
    """Drop all tables that follow from the log and make them anew; say where they had been otherwise."""
    with at_desk(ctx) as desk:
        print(desk.rebuild().summary())


@running.command("erase")
def erase(ctx: typer.Context, lead: LEAD, by: BY = None, feed: FEED = None) -> None:
    """Erase what tells whose a lead was; the log stays whole."""
    with at_desk(ctx) as desk:
        tell(desk.erase(lead, by=by, feed=feed))


def _day_or_moment(text: str, option: str, desk: "Desk") -> date | datetime:
    """Return a day where only a day is named, which the desk reads in its own time zone."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = moment(text, option, desk)
        if found is None:
            raise InvalidInput(f"{option}: must be a day or a moment; found {text!r}") from None
        return found
