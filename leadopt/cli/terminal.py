"""How the command line speaks: tables and prose for a terminal, a progress bar, errors as sentences, exit codes."""

import logging
import os
import shutil
import sys
import textwrap
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Any

from leadopt.decision.clock import SEARCH
from leadopt.errors import Infeasible, InvalidInput, LeadoptError, LeadoptWarning, NoPlanFound, StorageFailed
from leadopt.progress import OnProgress, Progress

INVALID_INPUT, INFEASIBLE, UNEXPECTED, INTERRUPTED = 2, 3, 1, 130  # exit codes

_WIDEST = 100  # characters of a line of prose on a terminal
_SHOW_PROGRESS_AFTER_S = 1.0
_STAGES = 6  # that a plan takes; the scale of the bar
_AFTER = ("certify", "limits", "done")  # stages at which a search is over


def text_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns with headers broken at spaces, so that a table of many numbers stays narrow."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(headers)
    titles = [_in_two_lines(header) for header in headers]
    widths = [max(map(len, (*title, *column, ""))) for title, column in zip(titles, columns, strict=True)]
    height = max(map(len, titles))
    head = zip(*([""] * (height - len(title)) + title for title in titles), strict=True)
    right = [all(cell[:1] in "+-0123456789" for cell in column if cell) for column in columns]
    lines = [list(line) for line in head] + [["-" * width for width in widths]] + [list(row) for row in rows]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _in_two_lines(header: str) -> list[str]:
    widths = range(max(1, *map(len, header.split(" "))), len(header) + 1)
    return next((lines for width in widths if len(lines := textwrap.wrap(header, width)) <= 2), [""])


def prose(text: str, indent: str = "") -> str:
    """Return a sentence broken to the width of the terminal; one line where stdout is no terminal."""
    if not sys.stdout.isatty():
        return indent + text
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def say_heading(text: str) -> None:
    """Print a heading with a line free on either side."""
    import typer

    typer.secho(f"\n{text}\n", bold=True)  # plain where stdout is no terminal


def say_error(text: str) -> None:
    """Print a line on stderr, so that stdout holds results alone."""
    print(f"leadopt: {text}", file=sys.stderr)


@contextmanager
def answering(debug: bool) -> Iterator[None]:
    """Turn what goes wrong into a sentence on stderr and an exit code, and warnings into sentences."""
    import typer

    logging.getLogger("fastexcel").setLevel(logging.ERROR)  # it warns of every empty column of a sheet
    try:
        with _spoken_warnings():
            yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`); nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except KeyboardInterrupt:  # `cli.main` says so
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:  # all is said already
        raise
    except StorageFailed as error:  # its sentence says what to do
        say_error(str(error))
        raise typer.Exit(UNEXPECTED) from None
    except (InvalidInput, Infeasible, NoPlanFound) as error:
        say_error(str(error))
        raise typer.Exit(INVALID_INPUT if isinstance(error, InvalidInput) else INFEASIBLE) from None
    except Exception as error:
        if debug:
            traceback.print_exc()
        kind = "" if isinstance(error, LeadoptError) else f"{type(error).__name__}: "
        hint = "" if debug else "; run it again with --debug to see where"
        say_error(f"something unexpected went wrong, {kind}{error}{hint}")
        raise typer.Exit(UNEXPECTED) from None


@contextmanager
def _spoken_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *more: Any, **others: Any) -> None:
            if issubclass(category, LeadoptWarning):
                say_error(f"note: {message}")
            else:
                usual(message, category, *more, **others)

        warnings.simplefilter("always", LeadoptWarning)
        warnings.showwarning = show
        yield


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """Hand out a listener that shows a bar on stderr once the work takes a second.

    Where that is no terminal, it says in a line what is searched for, once that takes a second.
    """
    with _bar() if sys.stderr.isatty() else _lines() as listener:
        yield listener


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    task = bar.add_task("", total=_STAGES)
    timer = _later(bar.start)
    searched = ""

    def listen(progress: Progress) -> None:
        nonlocal searched
        # A search tells of its steps; what it is for, and how long it may take, stays in front of them.
        if progress.stage.startswith(SEARCH) or progress.stage in _AFTER:
            searched = progress.stage if progress.stage.startswith(SEARCH) else ""
        said = f"{searched}: {progress.stage}" if searched not in ("", progress.stage) else progress.stage
        bar.update(task, description=said, completed=progress.iteration)

    try:
        yield listen
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


@contextmanager
def _lines() -> Iterator[OnProgress]:
    timers: list[Timer] = []

    def listen(progress: Progress) -> None:
        if progress.stage.startswith(SEARCH) or progress.stage in _AFTER:
            for timer in timers:
                timer.cancel()
        if progress.stage.startswith(SEARCH):
            timers.append(_later(lambda: say_error(progress.stage)))

    try:
        yield listen
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()


def _later(act: Callable[[], None]) -> Timer:
    timer = Timer(_SHOW_PROGRESS_AFTER_S, act)
    timer.daemon = True
    timer.start()
    return timer
