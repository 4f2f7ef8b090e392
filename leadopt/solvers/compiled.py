"""Loops in C, where a C compiler was at hand when leadopt was installed, and in Python where none was.

The loops are Python, in the files `*kernels.py` of this folder. `hatch_build.py` writes them out as C and compiles that
to a library beside this file, which ctypes loads: no Python is compiled at run time, and one library serves every
Python. It tells which source it was made from; one of another source is not used.
"""

import ctypes
import functools
import os
import struct
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

_Loop = TypeVar("_Loop", bound=Callable[..., Any])
_FOLDER = Path(__file__).parent
LIBRARY = _FOLDER / "kernels.bin"  # a name in .so would be a module of Python's
_DTYPES = {"d": "float64", "q": "int64", "i": "int32", "?": "bool"}
_address, _byte_of = ctypes.addressof, ctypes.c_char.from_buffer


def compiled() -> bool:
    """Return whether the loops of the solvers are compiled; where they are not, matches are slower, and as good.

    Loops are compiled when leadopt is installed from its source on a machine with a C compiler (`cc`, or `CC`). Where
    the variable LEADOPT_COMPILED is 0, they are not used.

    Examples
    --------
    >>> compiled() in (True, False)
    True
    """
    return loops() is not None


def kernel(function: _Loop) -> _Loop:
    """Return a loop that runs compiled where it is; ``.plain`` is the Python that it was made from.

    Its arrays must be of the types of its annotations, and contiguous, and are not checked any further: what indices
    the loop is to use, its caller sees to. It runs without the GIL.
    """
    name = kernel_name(function)

    @functools.wraps(function)
    def run(*arguments: Any) -> Any:
        found = loops()
        if found is not None:
            return found[name](arguments)
        import numpy as np

        with np.errstate(all="ignore"):  # C does not speak of what is no number either
            return function(*arguments)

    run.plain = function  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def kernel_name(function: Callable[..., Any]) -> str:
    """Return what a loop is called in the library."""
    return f"{function.__module__.rpartition('.')[2].removesuffix('_kernels')}_{function.__name__}"


def kernels() -> dict[str, Path]:
    """Return the files of all loops by the names of their modules."""
    files = sorted(_FOLDER.glob("*/*kernels.py"))
    return {".".join(("leadopt", "solvers", file.parent.name, file.stem)): file for file in files}


def source() -> str:
    """Return what tells one source of the loops from all others: this file hands them their arguments."""
    import hashlib

    found = hashlib.sha256()
    for file in [*kernels().values(), Path(__file__)]:
        found.update(file.read_bytes())
    return found.hexdigest()


@functools.cache
def loops() -> dict[str, "_Entry"] | None:
    """Return the compiled loops, by their names; None where there are none."""
    if os.environ.get("LEADOPT_COMPILED") == "0" or not LIBRARY.exists():
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
        stamp = _text(library, "leadopt_source")
    except (OSError, ValueError) as problem:  # of another kind of machine, or no library at all
        warnings.warn(f"the compiled loops of leadopt cannot be loaded ({problem}): {_ADVICE}", stacklevel=2)
        return None
    if stamp != source():
        warnings.warn(f"the compiled loops of leadopt are of another version of its source: {_ADVICE}", stacklevel=2)
        return None
    return {name: _Entry.of(library, name) for name in _text(library, "leadopt_kernels").split()}


_ADVICE = "plain ones run in their place; in a clone, `python hatch_build.py` compiles them, elsewhere install it anew"


def _text(library: ctypes.CDLL, name: str) -> str:
    return ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(library, name))).decode()


class _Argument(NamedTuple):
    """One number or array that a loop takes: of what type, how many axes (0 = a number), and whether it is written."""

    name: str
    dtype: Any
    axes: int
    written: bool


class _Entry(NamedTuple):
    """A compiled loop and how it takes its arguments: each in a word, an array in one more for each axis."""

    run: Any
    name: str
    takes: list[_Argument]
    packed: struct.Struct
    found: struct.Struct
    returns: str

    @classmethod
    def of(cls, library: ctypes.CDLL, name: str) -> "_Entry":
        import numpy as np

        takes, format_ = [], "="
        arguments, _, returns = _text(library, f"{name}_signature").partition(" > ")
        for text in arguments.split():
            kind, _, argument = text.partition(":")
            written, kind = kind.startswith("*"), kind.removeprefix("*")
            axes = int(kind[1:] or 0)
            takes.append(_Argument(argument, np.dtype(_DTYPES[kind[0]]), axes, written))
            format_ += "q" * (1 + axes) if axes else kind
        run = library[f"{name}_entry"]
        run.argtypes, run.restype = [ctypes.c_void_p], None
        found = struct.Struct("=" + returns.replace("?", "q"))
        return cls(run, name, takes, struct.Struct(format_), found, returns)

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        """Run the loop: flat words in, flat words out."""
        values: list[Any] = []
        for argument, value in zip(self.takes, _flat(arguments), strict=True):
            _, dtype, axes, _ = argument
            if axes:
                shape = value.shape
                if value.dtype != dtype or len(shape) != axes:
                    raise TypeError(self._refusal(argument, value))
                if value.flags.writeable:
                    try:  # refused where it is not contiguous, or is empty
                        values.append(_address(_byte_of(value)))
                    except (TypeError, ValueError):
                        values.append(self._address_of(argument, value))
                else:
                    values.append(self._address_of(argument, value))
                values += shape
            else:
                values.append(value)
        words = ctypes.create_string_buffer(max(self.packed.size, self.found.size, 8))
        self.packed.pack_into(words, 0, *values)
        self.run(words)
        found = self.found.unpack_from(words)
        if "?" in self.returns:
            found = tuple(bool(x) if kind == "?" else x for x, kind in zip(found, self.returns, strict=True))
        return found if len(found) > 1 else found[0] if found else None

    def _address_of(self, argument: _Argument, value: Any) -> int:
        if not value.flags.c_contiguous or (argument.written and not value.flags.writeable):
            raise TypeError(self._refusal(argument, value))
        return int(value.__array_interface__["data"][0])

    def _refusal(self, argument: _Argument, value: Any) -> str:
        asked = f"a{' writeable' if argument.written else ''} contiguous {argument.dtype} of {argument.axes} axes"
        return f"{self.name}: {argument.name} must be {asked}; it is {value.dtype}, {value.shape}"


def _flat(arguments: tuple[Any, ...]) -> Iterator[Any]:
    for value in arguments:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value
