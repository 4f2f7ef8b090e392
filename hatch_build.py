"""Compiles the loops of the solvers when leadopt is built: `pip install .`, also editable; in a clone, by itself:

    python hatch_build.py            # or `make compiled`; after any change to a file *kernels.py

writes leadopt/solvers/kernels.bin, which git ignores. Needs a C compiler (`CC`, or cc, gcc, clang) and nothing else.
Without one, what is built is plain Python; pip says so with -v only, `leadopt --version` always.
"""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
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
    try:
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as problem:  # a program of another kind of machine
        return f"{compiler[0]} failed: {problem}"
    if ran.returncode == 0 and made.exists():
        return None
    errors = [line for line in ran.stderr.splitlines() if "error" in line]
    return f"{compiler[0]} failed: {' '.join(errors[:1]) or ran.stderr.strip()}"


def build(made: Path, *more: str) -> str | None:
    """Compile the loops to a file; return in a line why that cannot be, None if it is done."""
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "kernels.c"
        text.write_text(written(), encoding="utf-8")
        # An older compiler may not know how to serve several processors.
        return compile_c(text, made, *more) and compile_c(text, made, *more, "-DBASELINE")


def put(made: Path) -> None:
    """Make a file the library of this clone, or leave the clone without one if there is no such file."""
    library = _load("leadopt/solvers/compiled.py").LIBRARY
    if made.exists():  # a library that is in use is left to who uses it: the new one takes its name
        shutil.copy(made, library.with_suffix(".new"))
        library.with_suffix(".new").replace(library)
    else:
        library.unlink(missing_ok=True)


def written() -> str:
    """Return the loops as C."""
    compiled = _load("leadopt/solvers/compiled.py")
    return str(_load("kernels_to_c.py").translate(compiled.kernels(), compiled.source()))


def platform() -> str:
    """Return what installers call this platform, in the name of a wheel that was made on it for it."""
    from packaging.tags import platform_tags

    return next(name for name in platform_tags() if not name.startswith(("manylinux", "musllinux")))


def main() -> None:
    """Compile the loops in this clone; ``--checked`` for `make sanitize`, ``--show`` to read them as C."""
    if "--show" in sys.argv:
        sys.stdout.write(written())
        return
    checked = CHECKED if "--checked" in sys.argv else []
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "kernels.bin"
        reason = build(made, *checked)
        put(made)
    if reason and (checked or c_compiler()):
        sys.exit(f"nothing was compiled: {reason}")
    elif reason:  # a machine without one is no mistake, and everything works there
        sys.stderr.write(f"nothing was compiled: {reason}; it works, but slower\n")


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
            self.folder = tempfile.TemporaryDirectory()  # until the wheel is there
            made = Path(self.folder.name) / "kernels.bin"
            if reason := build(made):
                self.app.display_warning(f"leadopt: nothing was compiled ({reason}): it works, but slower")
            else:
                build_data["pure_python"], build_data["tag"] = False, f"py3-none-{platform()}"
                build_data["force_include"][str(made)] = "leadopt/solvers/kernels.bin"
            try:  # an editable installation runs from the clone, and so does who starts Python in it
                put(made)
            except OSError as problem:  # a folder that may only be read
                if version == "editable":
                    self.app.display_warning(f"leadopt: plain loops will run ({problem}): it works, but slower")

        def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
            """Leave nothing behind."""
            if self.target_name == "wheel":
                self.folder.cleanup()
