"""Ctrl-C while the command line runs: one sentence, exit code 130, and nothing left over. In processes of their own."""

import subprocess
import sys

import pytest

SIGNAL = "import os, signal, sys; from leadopt.cli import main\n"
RUN = "sys.argv = ['leadopt', 'assign', *sys.argv[1:]]; main()"
# A signal to the process itself, from where it is at that moment.
MOMENTS = {
    "while it starts": (
        "import leadopt.cli as cli\ndef app(): os.kill(os.getpid(), signal.SIGINT)\ncli.build_app = app\n"
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


@pytest.mark.parametrize("moment", ["while it starts", "while it solves"])
def test_a_second_ctrl_c_changes_nothing(moment, tables):
    code = SIGNAL + MOMENTS[moment] + AGAIN + RUN
    done = subprocess.run([sys.executable, "-c", code, *tables], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == "leadopt: interrupted before it was done"
