"""The order of rooms in docs/architecture.md is that of the code, and no room is too full to find one's way in."""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "leadopt"
ORDER = re.findall(r"^\| `([\w/]+)` \|", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
MOST_AT_THE_TOP, MOST_IN_A_ROOM = 28, 16


def room_of(name: str) -> str:
    """Return the innermost room, or the door, of a module in dotted or slashed form."""
    path = name.removeprefix("leadopt").strip("./").replace(".", "/")
    around = [room for room in ORDER if path == room or path.startswith(f"{room}/")]
    assert around, f"{name} is in no room of docs/architecture.md"
    return max(around, key=len)


@cache
def imported(path: Path) -> frozenset[str]:
    """What a file imports of leadopt, at the top or inside functions, as dotted names of modules."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {_module(f"{node.module}.{alias.name}") for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] == "leadopt")


def asked_rooms(path: Path) -> set[str]:
    """The modules and rooms that a file asks for a name at its top: `from a.room import file` runs the room, too."""
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module.startswith("leadopt.")}


def _module(name: str) -> str:
    inside = ROOT / name.replace(".", "/")
    return name if inside.with_suffix(".py").exists() or inside.is_dir() else name.rpartition(".")[0]


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def place(path: Path) -> str:
    return str(path.relative_to(PACKAGE).with_suffix("")).removesuffix("/__init__")


def test_nothing_inside_imports_the_package_itself():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from leadopt import|import leadopt)\b", text, re.MULTILINE), path


def test_every_file_is_in_a_room_and_every_room_is_there():
    assert {room_of(place(path)) for path in sources()} == set(ORDER)


def test_rooms_import_only_from_rooms_above():
    for path in sources():
        here = room_of(place(path))
        for name in imported(path):
            there = room_of(name)
            assert ORDER.index(there) <= ORDER.index(here), f"{place(path)} ({here}) must not import {name} ({there})"


def test_the_order_is_held_against_the_code():
    # A check that cannot fail would be none: a room below is refused.
    assert ORDER.index(room_of("leadopt.plans.plan")) > ORDER.index(room_of("leadopt.solvers.flow.core"))
    with pytest.raises(AssertionError):
        room_of("leadopt.nowhere")


def test_no_imports_in_circles():
    graph = {}
    for path in sources():
        module = f"leadopt.{place(path).replace('/', '.')}"
        graph[module] = (imported(path) | asked_rooms(path)) - {module}

    def reach(start: str) -> set[str]:
        seen, stack = set(), list(graph.get(start, ()))
        while stack:
            if (module := stack.pop()) not in seen:
                seen.add(module)
                stack += graph.get(module, ())
        return seen

    assert not [module for module in graph if module in reach(module)]


def test_the_top_and_every_room_can_be_taken_in_at_a_glance():
    top = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(top) <= MOST_AT_THE_TOP
    for folder in {path.parent for path in sources()} - {PACKAGE}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_IN_A_ROOM, f"{folder} holds {len(modules)} modules"


def test_every_room_says_what_it_is_for():
    for path in sources():
        if path.name == "__init__.py":
            assert len(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "") > 60, path


def test_tests_mirror_the_rooms():
    for path in (ROOT / "tests").rglob("test_*.py"):
        folder = path.parent.relative_to(ROOT / "tests")
        assert str(folder) in (".", "benchmarks") or (PACKAGE / folder).is_dir(), path


IMPORTS_ALONE = {  # what only one file or room may import
    r"ortools": ("solvers/flow/backend", "solvers/whole/"),
    r"ctypes": "solvers/compiled",
    r"scipy\.optimize import (?!brentq)": "solvers",
    r"matplotlib.*": "plot",
}


@pytest.mark.parametrize("library", IMPORTS_ALONE)
def test_one_place_alone_imports(library):
    for path in sources():
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(rf"\s*(import|from) {library}\b", line) and not line.lstrip().startswith(
                "from matplotlib.axes"
            ):
                assert place(path).startswith(IMPORTS_ALONE[library]), f"{path}: {line}"


def test_only_tables_know_data_frames():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        knows = re.search(r"^\s*(import|from) (narwhals|polars|pandas|pyarrow)", text, re.MULTILINE)
        assert not knows or place(path).split("/")[0] in ("tables", "cli"), path


def test_the_certificate_imports_no_solver():
    for path in (PACKAGE / "problem").glob("*.py"):
        assert not any("solvers" in name for name in imported(path)), path


def test_no_solver_imports_the_certificate():
    for path in (PACKAGE / "solvers").rglob("*.py"):
        assert not {name for name in imported(path) if name.startswith("leadopt.problem.certify")}, path


# Libraries with compiled parts, and modules whose import brings another one along.
COMPILED = {"PIL", "duckdb", "fastexcel", "matplotlib", "ortools", "polars", "scipy", "sqlalchemy"}
BRINGS = {"scipy.optimize": {"scipy.sparse"}, "scipy.sparse.linalg": {"scipy.sparse"}}
# What files may count on, as all calls of them go through a function that loads it.
BEHIND_DOORS = {
    "plot/canvas": {"matplotlib"},  # own_axes
    "plot/plans": {"matplotlib"},
    "tables/files": {"polars"},  # _need_polars
    "tables/sql/alchemy": {"sqlalchemy"},  # transaction
    "tables/sql/duck": {"duckdb"},
}


def not_loaded(function: ast.AST, come: set[str]) -> set[str]:
    """The compiled modules that a function imports without having them loaded apart before."""
    come, missing = set(come), set()
    for node in sorted(ast.walk(function), key=lambda node: getattr(node, "lineno", 0)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "loaded":
            come |= {node.args[0].value, *BRINGS.get(node.args[0].value, set())}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            missing |= {name for name in compiled_modules(node) if not {name, name.split(".")[0]} & come}
    return missing


def compiled_modules(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The modules of compiled libraries that an import brings."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names if alias.name.split(".")[0] in COMPILED}
    if node.module.split(".")[0] not in COMPILED:
        return set()
    return {inside if is_module(inside) else node.module for inside in (f"{node.module}.{a.name}" for a in node.names)}


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what is above is no package
        return False


def test_compiled_libraries_are_loaded_apart_before_a_call_imports_from_them():
    """Ctrl-C would break them for good in the middle of an import; see `leadopt.progress.loaded`."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                missing = not_loaded(node, BEHIND_DOORS.get(place(path), set()))
                assert not missing, f"{place(path)}, {node.name}: loaded({missing}) must come before its import"
    for room in BEHIND_DOORS:
        if room != "plot/plans":
            assert "        loaded(" in (PACKAGE / f"{room}.py").read_text(encoding="utf-8"), room


def test_an_import_that_is_not_loaded_before_is_found():
    late = 'def f():\n    from scipy.sparse import csr_array\n    import polars\n    loaded("scipy.sparse")'
    assert not_loaded(ast.parse(late), {"polars"}) == {"scipy.sparse"}
    early = 'def f():\n    loaded("scipy.optimize")\n    from scipy.optimize import milp\n    from scipy import sparse'
    assert not_loaded(ast.parse(early), set()) == set()
