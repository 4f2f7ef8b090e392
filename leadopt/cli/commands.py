"""What each command is called, and its arguments and options: a typer application. Needs the extra `cli`."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from leadopt.cli.assigning import explanation, load_plan, run_assign
from leadopt.cli.demo import run_demo
from leadopt.cli.desk.commands import desk_app
from leadopt.cli.evaluating import run_evaluate
from leadopt.cli.policy_check import run_check
from leadopt.cli.policy_init import run_init
from leadopt.cli.policy_page import policy_page
from leadopt.cli.policy_schema import schema_text
from leadopt.cli.sources import is_settings, refuse_foreign
from leadopt.cli.terminal import answering, text_table
from leadopt.solvers.compiled import compiled
from leadopt.tables.files import EXTENSIONS, write_bytes

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_FORMATS = ", ".join(EXTENSIONS)
_DATABASE = "or in a database: sqlite:///crm.db?table=leads, postgresql://user@host/crm?query=select ..."
_PLAN_FILE = typer.Argument(help="What `leadopt assign -o` wrote: the .json beside the table, or a database's table.")
_SHEET = typer.Option(help="Sheet of a table in a workbook: leads=NAME; or write book.xlsx:NAME.")
_DEBUG = typer.Option("--debug", help="Show the traceback of an unexpected error.")
_SEED = typer.Option(help="Decides between equally good plans; same seed, same plan.")


@app.callback(invoke_without_command=True)
def about(
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and stop.", is_eager=True)] = False,
) -> None:
    """Decides which sales rep gets which lead: learned from history, provably best, explained."""
    if show_version:
        loops = "compiled" if compiled() else "not compiled: large matches take longer"
        print(f"leadopt {version('leadopt')} (loops {loops})")
        raise typer.Exit


@app.command("assign", help=f"Assign leads to reps. Tables may be {_FORMATS}, {_DATABASE}.")
def assign_command(
    leads: Annotated[str, typer.Argument(help="One row per lead: lead_id, its attributes, perhaps value.")],
    reps: Annotated[
        str | None,
        typer.Argument(help="One row per rep: rep_id, capacity and others; none = the leads' workbook has them too."),
    ] = None,
    history: Annotated[
        str | None, typer.Option(help="One row per past lead: rep_id, converted, at, its attributes.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="The rules, as TOML.")] = None,
    pins: Annotated[str | None, typer.Option(help="Decided by people: lead_id, rep_id.")] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help=f"Where the plan goes ({_FORMATS}, a .json beside it; or a table in a database)."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Where a report in Markdown goes.")] = None,
    sheet: Annotated[list[str] | None, _SHEET] = None,
    now: Annotated[
        str, typer.Option(help="Date that tenure is counted to, like 2026-01-31.", show_default="today")
    ] = "",
    seed: Annotated[int, _SEED] = 0,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="Seconds for all searches, where limits overlap or are in value or hours; inf = no limit.",
            show_default="10, and less where a search ends before",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let -o replace a table in a database that leadopt did not write.")
    ] = False,
    substitutes: Annotated[
        bool, typer.Option("--substitutes", help="Say who stands in for each lead's rep, from what is left.")
    ] = False,
    carry: Annotated[
        Path | None,
        typer.Option(help=f"Where the reps go with what fractional capacities leave for next time ({_FORMATS})."),
    ] = None,
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Assign leads to reps."""
    with answering(debug):
        run_assign(
            leads, reps, history, policy, pins, output, report,
            now=now, seed=seed, time_limit_s=time_limit, sheets=sheet or (),
            replace=replace, substitutes=substitutes, carry=carry,
        )  # fmt: skip


@app.command("explain")
def explain_command(
    plan: Annotated[str, _PLAN_FILE],
    lead_ids: Annotated[list[str], typer.Argument(help="The leads in question.")],
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Explain why leads went where they went."""
    with answering(debug):
        loaded = load_plan(plan)
        print("\n\n".join(explanation(loaded, lead) for lead in lead_ids))


@app.command("compare")
def compare_command(plan: Annotated[str, _PLAN_FILE], debug: Annotated[bool, _DEBUG] = False) -> None:
    """Compare a plan with round robin, territory and other customs on the same leads."""
    with answering(debug):
        comparison = load_plan(plan).compare()
        print(text_table(*comparison.below().tables[0]))


@app.command("report")
def report_command(plan: Annotated[str, _PLAN_FILE], debug: Annotated[bool, _DEBUG] = False) -> None:
    """Print a plan's report in Markdown."""
    with answering(debug):
        print(load_plan(plan).report())


@app.command("evaluate")
def evaluate_command(
    history: Annotated[str, typer.Argument(help="One row per past lead: rep_id, converted, at, its attributes.")],
    segment_by: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of a lead that conversion may depend on; once for each, or with commas.",
            show_default="as assign finds them",
        ),
    ] = None,
    known_before: Annotated[
        list[str] | None,
        typer.Option(help="One of them that is known when a lead arrives, though it tells outcomes as if it were not."),
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="The rules, as TOML: segment_by, half-life, columns.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Its sheet, of a workbook; or write book.xlsx:NAME.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Where the calibration curve goes (.png, .svg, .pdf).")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where all figures go, as .json.")] = None,
    now: Annotated[str, typer.Option(help="No outcome may be later than this date.", show_default="today")] = "",
    seed: Annotated[int, typer.Option(help="Draws the folds where history has no dates.")] = 0,
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Say whether it matters who gets which lead, by what earlier outcomes foretell of later ones."""
    with answering(debug):
        run_evaluate(
            history,
            segment_by or (),
            policy,
            plot,
            output,
            now=now,
            seed=seed,
            sheet=sheet,
            known_before=known_before or (),
        )


policy_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(desk_app, name="desk")
app.add_typer(policy_app, name="policy", help="Write a policy file for your own tables, check one, list the settings.")


@policy_app.command("init")
def policy_init_command(
    leads: Annotated[str, typer.Argument(help="Your leads, in whatever columns.")],
    reps: Annotated[str | None, typer.Argument(help="Your reps; none = the leads' workbook has them too.")] = None,
    history: Annotated[str | None, typer.Argument(help="What became of past leads.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("policy.toml"),
    sheet: Annotated[list[str] | None, _SHEET] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Propose a policy for your own tables: what each column means, words of outcomes, formats, segments, rules."""
    with answering(debug):
        run_init(leads, reps, history, output, sheets=sheet or (), force=force)


@policy_app.command("check")
def policy_check_command(
    policy: Annotated[Path, typer.Argument(help="The policy file.")],
    leads: Annotated[str | None, typer.Argument(help="Tables to hold it against.")] = None,
    reps: Annotated[str | None, typer.Argument()] = None,
    history: Annotated[str | None, typer.Argument()] = None,
    sheet: Annotated[list[str] | None, _SHEET] = None,
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Say whether a policy file is right, and whether there is a plan by it for your tables."""
    with answering(debug):
        run_check(policy, leads, reps, history, sheet or ())


@policy_app.command("schema")
def policy_schema_command(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; else it is printed.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="As a page in Markdown, for people.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Let -o replace a file that is no schema.")] = False,
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Print all settings of a policy file as a JSON schema, by which editors complete and check them."""
    with answering(debug):
        text = policy_page() if page else schema_text()
        if output is None:
            print(text, end="")
        else:
            refuse_foreign(output, is_settings, "-o", force=force)
            write_bytes(output, text.encode())
            print(f"Wrote {output}.")


@app.command("demo")
def demo_command(
    folder: Annotated[Path, typer.Option(help="Where the files go.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed, another sales floor.")] = 0,
    debug: Annotated[bool, _DEBUG] = False,
) -> None:
    """Simulate a sales floor, plan it, and compare what plan and customs truly earn."""
    with answering(debug):
        run_demo(folder, seed)
