"""Ctrl-C while the command line runs: one sentence, exit code 130, and nothing left over. In processes of their own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIGNAL = "import os, signal, sys; from leadopt.cli import main\n"
RUN = "sys.argv = ['leadopt', 'assign', *sys.argv[1:]]; main()"
# A signal to the process itself, from where it is at that moment.
MOMENTS = {
    "while it starts": (
        "import leadopt.cli as cli\ndef app(): os.kill(os.getpid(), signal.SIGINT)\ncli.build_app = app\n"
    ),
    "while its options are read": (
        "import typer.core\ndef read(*_, **__): signal.raise_signal(signal.SIGINT)\n"
        "typer.core.TyperGroup.parse_args = typer.core.TyperGroup.invoke = read\n"
    ),
    "while it solves": (
        "from leadopt import matching\n"
        "def solve(*_, **__): os.kill(os.getpid(), signal.SIGINT); raise AssertionError('not heard')\n"
        "from leadopt.decision import solve as decided\n"
        "import leadopt.solvers.min_cost_flow as flow\n"
        "flow.solve_capacities = flow.solve_every_pair = solve\n"
    ),
    # A call that cannot be told to stop: nobody waits for it, not even the process at its end.
    "while a solver runs that cannot be told": (
        "import threading, time\n"
        "from leadopt import progress\n"
        "import leadopt.solvers.min_cost_flow as flow\n"
        "def left(): signal.raise_signal(signal.SIGINT); threading.Event().wait()\n"
        "flow.solve_capacities = flow.solve_every_pair = lambda *_, **__: progress.apart(left)\n"
    ),
}

# A thread that is still at work as the process ends, and a second Ctrl-C while the process waits for it.
AGAIN = (
    "import threading\n"
    "def late():\n"
    "    while threading.main_thread().is_alive(): pass\n"
    "    os.kill(os.getpid(), signal.SIGINT)\n"
    "threading.Thread(target=late).start()\n"
)


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id,value\n" + "".join(f"{k},{k}\n" for k in range(5)))
    (tmp_path / "reps.csv").write_text("rep_id,capacity\n" + "".join(f"r{k},2\n" for k in range(3)))
    return [str(tmp_path / name) for name in ("leads.csv", "reps.csv")]


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_ends_in_a_sentence(moment, tables):
    code = SIGNAL + MOMENTS[moment] + RUN
    done = subprocess.run([sys.executable, "-c", code, *tables], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == "leadopt: interrupted before it was done"
    assert "Traceback" not in done.stderr
    assert "not heard" not in done.stderr


@pytest.mark.parametrize("moment", ["while it starts", "while its options are read", "while it solves"])
def test_a_second_ctrl_c_changes_nothing(moment, tables):
    code = SIGNAL + MOMENTS[moment] + AGAIN + RUN
    done = subprocess.run([sys.executable, "-c", code, *tables], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == "leadopt: interrupted before it was done"


@pytest.mark.parametrize("swallowed", [False, True])
def test_ctrl_c_while_the_package_is_imported_ends_in_a_sentence(swallowed, tmp_path):
    """Also where what is imported swallows it, as extensions of others do, and fails for another reason."""
    (tmp_path / "leadopt").mkdir()
    hurt = "import signal\ntry: signal.raise_signal(signal.SIGINT)\nexcept BaseException: raise ImportError from None\n"
    plain = "import signal\nsignal.raise_signal(signal.SIGINT)\nraise AssertionError('not heard')\n"
    (tmp_path / "leadopt" / "__init__.py").write_text(hurt if swallowed else plain)
    done = begun(f"sys.path.insert(0, {str(tmp_path)!r}); import leadopt_command; leadopt_command.main()")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "leadopt: interrupted before it was done\n"


def test_the_command_runs_the_command_line_with_ctrl_c_as_it_was():
    run = "import leadopt.cli as cli; cli.main = lambda: print(signal.getsignal(signal.SIGINT)); leadopt_command.main()"
    usual = begun(f"import leadopt_command; print(signal.getsignal(signal.SIGINT)); {run}").stdout.splitlines()
    assert len(usual) == 2 and usual[0] == usual[1]
    ignored = begun(f"import leadopt_command; signal.signal(signal.SIGINT, signal.SIG_IGN); {run}").stdout
    assert ignored == f"{signal.SIG_IGN!s}\n"


def begun(code):
    code = f"import signal, sys; {code}"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
