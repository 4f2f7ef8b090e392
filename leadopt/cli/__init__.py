"""The command line, whose results go to stdout and all else to stderr.

`commands` only names options; the functions in the other files do the work and can be called from Python.
"""

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

_INTERRUPTED = 130  # exit code, as shells have it for Ctrl-C


def main() -> None:
    """Run the command line; the entry point of `leadopt`."""
    try:
        try:
            app = build_app()
        except ModuleNotFoundError as error:
            sys.exit(f'leadopt: the command line needs {error.name}; install it with: pip install "leadopt[cli]"')
        app(prog_name="leadopt")
    except KeyboardInterrupt:  # while it was starting
        _leave(_INTERRUPTED)
    except SystemExit as ended:
        _leave(ended.code)


def _leave(code: object) -> None:
    """End the process with an exit code or a last sentence, at once where a search goes on that was interrupted."""
    if code == _INTERRUPTED:  # by whomever it was noticed: typer says nothing where it is the one
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one more Ctrl-C on the way out would only add a traceback
        print("leadopt: interrupted before it was done", file=sys.stderr)
    from leadopt.progress import is_left_running

    if isinstance(code, int) and is_left_running():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)  # type: ignore[arg-type]


def build_app() -> "typer.Typer":
    """Return the command line as a typer application."""
    from leadopt.cli.commands import app

    return app
