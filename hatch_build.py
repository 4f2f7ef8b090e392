"""Compiles the loops of the solvers when leadopt is built: `pip install .`, also editable; in a clone, by itself:

    python hatch_build.py            # or `make compiled`; after any change to a file *kernels.py

writes leadopt/solvers/kernels.bin, which git ignores. Needs a C compiler (`CC`, or cc, gcc, clang) and nothing else.
Without one, what is built is plain Python.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parent
# Sums keep their order and products are rounded before they are added, so that answers are the same on all machines.
FLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-fPIC", "-shared"]
CHECKED = ["-DCHECKED", "-DBASELINE", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]


def _load(path: str) -> ModuleType:
    """Return a module by its file: numpy, which the package imports, need not be there."""
    spec = importlib.util.spec_from_file_location(f"_build_{Path(path).stem}", ROOT / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def c_compiler() -> list[str] | None:
    """Return the command of a C compiler, None if there is none."""
    if command := shlex.split(os.environ.get("CC", "")):
        return command if shutil.which(command[0]) else None
    return next(([name] for name in ("cc", "gcc", "clang") if shutil.which(name)), None)


def compile_c(text: Path, made: Path, *more: str) -> str | None:
    """Compile a file of C; return in a line why that cannot be, None if it is done."""
    compiler = c_compiler()
    if compiler is None:
        return "there is no C compiler"
    command = [*compiler, *FLAGS, *more, str(text), "-o", str(made), "-lm"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode == 0:
        return None
    errors = [line for line in ran.stderr.splitlines() if "error" in line]
    return f"{compiler[0]} failed: {' '.join(errors[:1]) or ran.stderr.strip()}"


def build(*more: str) -> str | None:
    """Compile the loops into the package; return in a line why that cannot be, None if it is done."""
    library = _load("leadopt/solvers/compiled.py").LIBRARY
    library.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        text, made = Path(folder) / "kernels.c", Path(folder) / library.name
        text.write_text(written(), encoding="utf-8")
        # An older compiler may not know how to serve several processors.
        reason = compile_c(text, made, *more) and compile_c(text, made, *more, "-DBASELINE")
        if reason is None:
            # A library that is in use is left to who uses it: the new one takes its name.
            shutil.copy(made, library.with_suffix(".new"))
            library.with_suffix(".new").replace(library)
    return reason


def written() -> str:
    """Return the loops as C."""
    compiled = _load("leadopt/solvers/compiled.py")
    return str(_load("kernels_to_c.py").translate(compiled.kernels(), compiled.source()))


def main() -> None:
    """Compile the loops in this clone; ``--checked`` for `make sanitize`, ``--show`` to read them as C."""
    if "--show" in sys.argv:
        sys.stdout.write(written())
    elif reason := build(*(CHECKED if "--checked" in sys.argv else ())):
        sys.exit(f"nothing was compiled: {reason}")


if __name__ == "__main__":
    main()
else:
    try:
        from hatchling.builders.hooks.plugin.interface import BuildHookInterface
    except ModuleNotFoundError:  # imported by a test
        BuildHookInterface = object

    class CompiledLoops(BuildHookInterface):  # type: ignore[misc]
        """Puts the compiled loops into a wheel, which is then one for this platform and every Python."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Compile before the files are collected."""
            if self.target_name != "wheel":
                return
            if reason := build():
                self.app.display_warning(f"leadopt: nothing was compiled ({reason}): it works, but slower")
                return
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"], build_data["tag"] = False, f"py3-none-{platform}"
            build_data["artifacts"] += ["leadopt/solvers/kernels.bin"]
