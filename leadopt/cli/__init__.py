"""The command line, whose results go to stdout and all else to stderr.

`commands` only names options; the functions in the other files do the work and can be called from Python.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def main() -> None:
    """Run the command line; the entry point of `leadopt`."""
    try:
        app = build_app()
    except ModuleNotFoundError as error:
        sys.exit(f'leadopt: the command line needs {error.name}; install it with: pip install "leadopt[cli]"')
    app(prog_name="leadopt")


def build_app() -> "typer.Typer":
    """Return the command line as a typer application."""
    from leadopt.cli.commands import app

    return app
