"""The desk as a typer application: `leadopt desk ...`."""

from typing import Annotated

import typer

from leadopt.cli.desk.acts import acts
from leadopt.cli.desk.asked import Asked, told_time
from leadopt.cli.desk.running import running
from leadopt.cli.desk.views import views
from leadopt.cli.terminal import answering

desk_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The life of leads: who has which, until when, and why."
)


@desk_app.callback()
def about(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Option("--file", "-f", envvar="LEADOPT_DESK", help="The desk's file, or its address.")
    ] = "desk.db",
    now: Annotated[
        str | None,
        typer.Option(
            help="Act as if it were this moment, by the desk's zone and not before the log's end, to try a desk out.",
            show_default="the clock's",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
) -> None:
    """Keep which desk is meant, for all commands."""
    with answering(debug):
        ctx.obj = Asked(file=file, now=told_time(now, "--now"), debug=debug)


for part in (running, acts, views):
    desk_app.registered_commands.extend(part.registered_commands)
