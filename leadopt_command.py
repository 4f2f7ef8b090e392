"""What the command `leadopt` begins with, before anything of leadopt is imported: Ctrl-C is answered from then on.

A module beside the package, as nothing inside of that runs before all of it is imported: some tenths of a second.
`python -m leadopt` begins with the package.
"""

import os
import signal
import sys


def main() -> None:
    """Run the command line; the entry point of `leadopt`."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from leadopt.cli import main as run

    signal.signal(signal.SIGINT, usual)
    run()


def _leave(*_: object) -> None:
    """End the process with a sentence, at once: what is half imported neither swallows that nor adds to it."""
    print("leadopt: interrupted before it was done", file=sys.stderr, flush=True)
    os._exit(130)
