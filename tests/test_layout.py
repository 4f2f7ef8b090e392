"""The layers in docs/architecture.md are those of the code."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "leadopt"
ROW = re.compile(r"^\| +(\d+) \| `(\w+)` \|", re.MULTILINE)
LAYERS = {name: int(layer) for layer, name in ROW.findall((ROOT / "docs/architecture.md").read_text(encoding="utf-8"))}


def module_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """What a file imports of leadopt, at the top or inside functions, as dotted names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names} if module == "leadopt" else {module}
    return {name for name in names if name.split(".")[0] == "leadopt"}


def test_nothing_inside_imports_the_package_itself():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from leadopt import|import leadopt)\b", text, re.MULTILINE), path


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def test_every_module_has_a_layer_and_every_layer_its_module():
    assert {module_of(path) for path in sources()} == set(LAYERS)


def test_modules_import_only_from_lower_layers():
    for path in sources():
        here = module_of(path)
        for name in imported(path):
            parts = name.split(".")
            assert len(parts) > 1 and parts[1] in LAYERS, f"{path} imports {name}, not a module of the package"
            if parts[1] != here:
                assert LAYERS[parts[1]] < LAYERS[here], f"{here} must not import {parts[1]}"


def test_only_solvers_import_optimisers():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        optimises = re.search(r"import ortools|from ortools|scipy\.optimize", text)
        assert not optimises or module_of(path) == "solvers", path


def test_only_frames_and_files_know_data_frames():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        knows = re.search(r"^\s*(import|from) (narwhals|polars|pandas|pyarrow)", text, re.MULTILINE)
        assert not knows or module_of(path) in ("frames", "files", "cli"), path


def test_certify_imports_no_solver():
    assert not any("solvers" in name for name in imported(PACKAGE / "certify.py"))
