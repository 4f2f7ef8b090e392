"""What a loop says in C is what it says in Python; what C cannot say is refused by its line."""

import ctypes
import importlib.util
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import packaging.tags
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hatch_build
import kernels_to_c
from leadopt.solvers import compiled
from leadopt.solvers.compiled import _Entry
from tests.strategies import examples

needs_compiler = pytest.mark.skipif(hatch_build.c_compiler() is None, reason="there is no C compiler")

LOOPS = """
import math
from typing import NamedTuple
import numpy as np
from leadopt.arrays import Bools, Floats, Floats2, Floats3, Ints, Ints2, Shorts
from leadopt.solvers.compiled import kernel

_THREE = 3
_STEP = -2


class Inner(NamedTuple):
    values: Floats
    factor: float


class Outer(NamedTuple):
    inner: Inner
    short: Shorts  # a word of C's
    flags: Bools


@kernel
def whole(a: int, b: int) -> tuple[int, int, int, int, bool, int]:
    return a // b, a % b, min(a, b), max(a, b), a < b <= _THREE, abs(a)


@kernel
def real(a: float, b: float) -> tuple[float, float, float, bool, bool, bool, float]:
    c = a if a > b else b
    return min(a, b), max(a, b), c, a < b, not a >= b, a == b or b != b, a * b + a - b


@kernel
def functions(a: float) -> tuple[float, float, float, int, float]:
    return math.exp(a), math.log(a), math.sqrt(a), int(a), abs(-a)


@kernel
def walk(n: int) -> tuple[int, int, int]:
    # The range is read once, and its last value stays.
    total, i = 0, -5
    for i in range(n):
        n -= 1
        total += i * n
        if total > 50:
            break
    for k in range(n, -4, _STEP):
        if k % 3 == 1:
            continue
        total += k
    for k in (i, n, 7):
        total += k
    while total > 1000:
        total = total // 2
    return total, i, n


@kernel
def turned(values: Floats, at: Ints) -> int:
    # The right side is read before the left is written, and the left from left to right.
    i, n = 0, len(values)
    while i < n - 1:
        values[i], values[i + 1], i = values[i + 1], values[i], i + 1
    values[-1], at[0] = values[0], at[-1]
    i, at[i] = 1, 9
    return i


def inside(outer: Outer, row: Floats, by: float) -> float:
    values, factor = outer.inner
    outer.flags[0] = not outer.flags[0]
    for k in range(len(values)):
        values[k] += factor * by + row[k % len(row)]
    return float(values[-1])


@kernel
def nested(outer: Outer, cube: Floats3, table: Ints2) -> float:
    total = 0.0
    for i in range(cube.shape[0]):
        for j in range(cube.shape[1]):
            total += inside(outer, cube[i, j], 0.5)
            cube[i, j, 0] = total
    slab = cube[cube.shape[0] - 1]
    for value in slab[0]:
        total += value
    for k in table[0]:
        total += outer.short[k]
    for value in outer.inner.values[1:3]:
        total += value
    own = [0.5] * _THREE
    for k in range(_THREE):
        own[k] *= k
    seen = False
    for flag in outer.flags:
        seen |= flag and total > 0.0
    return total + own[2] if seen else -np.inf


def inner_of(space: Floats2) -> Inner:
    return Inner(space[1], space[0, 0])


@kernel
def made(space: Floats2, only_read: Floats) -> float:
    inner = inner_of(space)
    values, factor = inner
    values[0] = factor + only_read[0]
    return float(inner.values[1])
"""


@pytest.fixture(scope="module")
def loops(tmp_path_factory):
    """Each loop above, in Python and in C."""
    folder = tmp_path_factory.mktemp("loops")
    path, text, made = folder / "some_kernels.py", folder / "kernels.c", folder / "kernels.bin"
    path.write_text(LOOPS, encoding="utf-8")
    text.write_text(kernels_to_c.translate({"some_kernels": path}, "a test"), encoding="utf-8")
    assert hatch_build.compile_c(text, made, "-Wall", "-Wextra", "-Werror", "-DCHECKED", "-DBASELINE") is None
    library = ctypes.CDLL(str(made))
    spec = importlib.util.spec_from_file_location("some_kernels", path)
    sys.modules["some_kernels"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield lambda name: (getattr(module, name).plain, _Entry.of(library, f"some_{name}"), module)
    del sys.modules["some_kernels"]


integers = st.integers(-(2**31), 2**31) | st.integers(-5, 5)
floats = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan])


def hexed(values):
    return [value.hex() if isinstance(value, float) else value for value in values]


@needs_compiler
@given(integers, integers.filter(bool))
@examples(200)
def test_integers_divide_downwards(loops, a, b):
    python, c, _ = loops("whole")
    assert c((a, b)) == python(a, b)


@needs_compiler
@given(floats, floats)
@examples(300)
def test_comparisons_with_what_is_no_number_are_those_of_python(loops, a, b):
    python, c, _ = loops("real")
    assert hexed(c((a, b))) == hexed(python(a, b))


@needs_compiler
@given(st.floats(1e-300, 600.0))
@examples(200)
def test_functions_are_those_of_math(loops, a):
    python, c, _ = loops("functions")
    assert hexed(c((a,))) == hexed(python(a))


@needs_compiler
@given(st.integers(-3, 60))
def test_loops_run_as_long(loops, n):
    python, c, _ = loops("walk")
    assert c((n,)) == python(n)


@needs_compiler
@given(st.lists(st.floats(-9, 9), min_size=1, max_size=6))
def test_the_right_side_is_read_before_the_left_is_written(loops, values):
    python, c, _ = loops("turned")
    once, again = (np.array(values), np.arange(3)), (np.array(values), np.arange(3))
    assert c(once) == python(*again)
    assert [x.tolist() for x in once] == [x.tolist() for x in again]


@needs_compiler
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_named_tuples_rows_and_slices_are_parts_of_what_was_handed_over(loops, seed, flag):
    python, c, module = loops("nested")

    def arguments():
        rng = np.random.default_rng(seed)
        inner = module.Inner(rng.normal(size=4), float(rng.random()))
        short = rng.integers(-9, 9, 5).astype(np.int32)
        outer = module.Outer(inner, short, np.array([flag, not flag]))
        return outer, rng.normal(size=(2, 3, 2)), rng.integers(0, 5, (1, 4))

    once, again = arguments(), arguments()
    assert float(c(once)).hex() == float(python(*again)).hex()
    assert [x.tolist() for x in (*once[0][0][:1], *once[0][1:], *once[1:])] == [
        x.tolist() for x in (*again[0][0][:1], *again[0][1:], *again[1:])
    ]


@needs_compiler
def test_a_named_tuple_of_rows_is_space_that_is_written_to(loops):
    python, c, _ = loops("made")
    once, again = np.arange(6.0).reshape(2, 3) + 0.5, np.arange(6.0).reshape(2, 3) + 0.5
    assert c((once, np.ones(1))) == python(again, np.ones(1)) == 4.5
    assert once.tolist() == again.tolist() == [[0.5, 1.5, 2.5], [1.5, 4.5, 5.5]]
    assert [argument.name for argument in c.takes if argument.written] == ["space"]


HEAD = textwrap.dedent(LOOPS[: LOOPS.index("_THREE")])
PAIR = "class Pair(NamedTuple):\n    a: Ints\n    b: Ints\n\n\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def f(a: float) -> float:\n    return a ** 2", r"two floats cannot be joined so: a \*\* 2"),
        ("def f(a: int, b: int) -> float:\n    return a / b", "two ints cannot be joined so: a / b"),
        ("def f(a: int) -> int:\n    return a if a else 1", "a condition is asked for, not: a"),
        ("def f(a: int) -> int:\n    b = a\n    b = 0.5\n    return b", "`b` is a int and becomes a float: b"),
        ("def f(a: Ints) -> None:\n    a[0] = 0.5", r"a float cannot be written to: a\[0\]"),
        ("def f(a: Ints) -> int:\n    return a[0.5]", "an integer is asked for, not: 0.5"),
        ("def f(a: Ints) -> int:\n    return a[0, 0]", r"there are too many indices in: a\[0, 0\]"),
        ("def f(a: Floats) -> float:\n    return np.sum(a)", r"a kernel cannot call: np.sum\(a\)"),
        ("def f(a: Floats) -> None:\n    b = [i for i in a]", "a kernel cannot say"),
        ("def f(a: Floats) -> None:\n    with a:\n        pass", "a kernel cannot say: with a"),
        ("def f(a: int) -> int:\n    return b", "nothing is called: b"),
        ("def f(a: str) -> int:\n    return 0", "this type is not known here"),
        ("def f(a: int) -> int:\n    return g(a)", r"a kernel cannot call: g\(a\)"),
        ("def f(a: int) -> int:\n    b, c = a, a, a\n    return b", "there are 3 values for 2 names"),
        ("def f(a: int) -> tuple[int, int]:\n    return a", "2 values are to be returned, not: return a"),
        ("def f(a: Ints, b: Ints) -> None:\n    c = a\n    c = b", "`c` stands for two arguments: c"),
        ("def f(a: Ints) -> int:\n    return a.size", "there is no: a.size"),
        (
            f"{PAIR}def f(a: Ints) -> int:\n    b = Pair(a)\n    return 0",
            r"2 values, without keywords, are asked for in",
        ),
        ("def f(a: Ints) -> int:\n    b = a[::2]\n    return b[0]", "a slice is"),
    ],
)
def test_what_c_cannot_say_is_refused_by_its_line(body, said, tmp_path):
    path = tmp_path / "some_kernels.py"
    path.write_text(f"{HEAD}\n\n{body}\n", encoding="utf-8")
    with pytest.raises(kernels_to_c.Untranslatable, match=rf"some_kernels.py:\d+: .*{said}"):
        kernels_to_c.translate({"some_kernels": path}, "a test")


@needs_compiler
def test_an_index_out_of_range_stops_a_checked_build(tmp_path):
    path, text, made = tmp_path / "some_kernels.py", tmp_path / "kernels.c", tmp_path / "kernels.bin"
    path.write_text(f"{HEAD}\n\n@kernel\ndef f(a: Ints, k: int) -> int:\n    return a[k]\n", encoding="utf-8")
    text.write_text(kernels_to_c.translate({"some_kernels": path}, "a test"), encoding="utf-8")
    assert hatch_build.compile_c(text, made, "-DCHECKED", "-DBASELINE") is None
    code = (
        "import ctypes, numpy as np\nfrom leadopt.solvers.compiled import _Entry\n"
        f"loop = _Entry.of(ctypes.CDLL({str(made)!r}), 'some_f')\n"
        "print(loop((np.arange(3), 2)), flush=True)\nloop((np.arange(3), -1))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "2\n"
    assert ran.returncode != 0
    assert "index -1 of 3" in ran.stderr


# The build


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Let a build write its library where nobody looks for it."""
    load, library = hatch_build._load, tmp_path / "kernels.bin"

    def moved(path):
        module = load(path)
        if path.endswith("compiled.py"):
            module.LIBRARY = library
        return module

    monkeypatch.setattr(hatch_build, "_load", moved)
    return library


@needs_compiler
def test_a_build_tells_the_source_that_it_was_made_from(tmp_path):
    assert hatch_build.build(tmp_path / "made", "-O0", "-DBASELINE") is None
    assert compiled._text(ctypes.CDLL(str(tmp_path / "made")), "leadopt_source") == compiled.source()


def no_compilers(folder):
    """Return commands of C compilers that compile nothing, and what is said of each."""
    foreign = folder / "foreign"
    foreign.write_bytes(b"\x7fELF of another machine")
    foreign.chmod(0o755)
    return {
        "no-such-compiler": "there is no C compiler",
        "false": "false failed: ",
        "true": "true failed: ",  # says that it is done, and is not
        f"{foreign}": f"{foreign} failed: [Errno 8] Exec format error: '{foreign}'",
    }


def test_where_nothing_can_be_compiled_the_build_says_why(tmp_path, monkeypatch):
    for compiler, said in no_compilers(tmp_path).items():
        monkeypatch.setenv("CC", compiler)
        assert hatch_build.build(tmp_path / "made") == said


def test_a_clone_is_left_without_a_library_that_was_not_made_anew(elsewhere, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["hatch_build.py"])
    monkeypatch.setenv("CC", "no-such-compiler")
    elsewhere.write_bytes(b"an earlier one")
    hatch_build.main()  # no mistake: `make test` goes on
    assert capsys.readouterr().err == "nothing was compiled: there is no C compiler; it works, but slower\n"
    assert not elsewhere.exists()
    monkeypatch.setenv("CC", "false")
    with pytest.raises(SystemExit, match="nothing was compiled: false failed"):
        hatch_build.main()


def hook(monkeypatch, said):
    """Return the hook as hatchling calls it."""
    monkeypatch.setattr(hatch_build.CompiledLoops, "target_name", "wheel", raising=False)
    monkeypatch.setattr(hatch_build.CompiledLoops, "app", SimpleNamespace(display_warning=said.append), raising=False)
    return object.__new__(hatch_build.CompiledLoops)


def test_a_wheel_without_a_compiler_is_one_of_plain_python(elsewhere, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    said, data = [], {"force_include": {}}
    made_by = hook(monkeypatch, said)
    made_by.initialize("standard", data)
    made_by.finalize("standard", data, "")
    assert data == {"force_include": {}}
    assert said == ["leadopt: nothing was compiled (there is no C compiler): it works, but slower"]


@needs_compiler
def test_a_wheel_with_compiled_loops_is_one_for_this_platform_and_every_python(elsewhere, monkeypatch):
    data, made_by = {"force_include": {}}, hook(monkeypatch, [])
    made_by.initialize("standard", data)
    (made, place) = next(iter(data["force_include"].items()))
    assert place == "leadopt/solvers/kernels.bin"
    assert elsewhere.read_bytes() == Path(made).read_bytes()  # who starts Python in the clone has them too
    assert data["pure_python"] is False
    assert re.fullmatch(r"py3-none-\w+", data["tag"])
    assert data["tag"] in {str(tag) for tag in packaging.tags.sys_tags()}  # so that pip takes it
    made_by.finalize("standard", data, "")
    assert not Path(made).exists()


@pytest.mark.parametrize("version", ["standard", "editable"])
def test_a_wheel_is_made_of_a_folder_that_may_only_be_read(version, monkeypatch):
    def refused(made):
        raise PermissionError("Permission denied")

    monkeypatch.setattr(hatch_build, "build", lambda made: None)
    monkeypatch.setattr(hatch_build, "put", refused)
    said, data = [], {"force_include": {}}
    made_by = hook(monkeypatch, said)
    made_by.initialize(version, data)
    made_by.finalize(version, data, "")
    assert len(data["force_include"]) == 1
    editable = ["leadopt: plain loops will run (Permission denied): it works, but slower"]
    assert said == (editable if version == "editable" else [])
