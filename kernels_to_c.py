"""Writes the compiled loops as C: those in `leadopt/solvers/*/*kernels.py`, over numbers and arrays alone.

    python hatch_build.py --show > kernels.c

A kernel is Python that also runs as it is, so the C means what Python means: integers divide downwards, `min` and `max`
keep the first of equals, ranges are read once, the right side of an assignment is read before the left is written. What
is not in this file cannot be said in a kernel, and is an error that names the line.

What a kernel may hold
    parameters and results of the types below, and named tuples of them; `int` is 64 bits, `float` is a double
    names, numbers, `np.inf`, constants of the module; ``+ - * / // % += -= *= |=``; comparisons, `and`, `or`, `not`
    ``a[i]``, ``a[i, j]``, rows ``a[i]`` of a matrix, slices ``a[i:j]`` of what has one axis, `len`, `shape`
    `min` and `max` of two, `abs`, `int`, `float`, `bool`, `math.exp`, `math.log`, `math.sqrt`; other kernels, above it
    assignments, also of several; `if`, `while`, `for` over a range, an array, or some numbers; `break`, `continue`
    ``a = [x] * n`` with a constant n: a few numbers of its own, written to as an array
    named tuples, made of arrays that are written to, or of slices of one: space for all that a loop writes on

An index is not negative, but for a constant as in ``a[-1]``; a build with ``-DCHECKED`` stops at any that is out of
range. Nothing else is allocated: what a loop writes on is passed to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# type: C's, letter in a signature, axes
_ARRAYS = {
    "Floats": ("double", "d", 1),
    "Floats2": ("double", "d", 2),
    "Floats3": ("double", "d", 3),
    "Ints": ("int64_t", "q", 1),
    "Ints2": ("int64_t", "q", 2),
    "Shorts": ("int32_t", "i", 1),
    "Shorts2": ("int32_t", "i", 2),
    "Bools": ("bool", "?", 1),
}
_NUMBERS = {"int": "int64_t", "float": "double", "bool": "bool"}
_OF_ELEMENT = {"double": "float", "int64_t": "int", "int32_t": "int", "bool": "bool"}
_MATH = {"exp", "log", "sqrt"}
_KEYWORDS = frozenset({
    *("auto", "case", "char", "const", "default", "do", "double", "enum", "extern", "goto", "inline", "int", "long"),
    *("register", "restrict", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union"),
    *("unsigned", "void", "volatile", "word"),
})  # fmt: skip
_OPERATORS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.BitOr: "|", ast.BitAnd: "&"}
_COMPARISONS: dict[type, str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip

_HEAD = """\
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One build serves all processors: the loader picks the widest registers there are. Sums keep their order (no
   -ffast-math, no contraction), so that they are the same to the bit on all. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(BASELINE)
#define ENTRY __attribute__((visibility("default"), target_clones("avx512f", "avx2", "default")))
#elif defined(_WIN32)
#define ENTRY __declspec(dllexport)
#else
#define ENTRY __attribute__((visibility("default")))
#endif
#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline, unused))

typedef union { int64_t i; double f; void *p; } word;  /* all arguments and results are handed over in these */

#ifdef CHECKED
INLINE int64_t within(int64_t index, int64_t n, int line) {
    if (index < 0 || index >= n) {
        fprintf(stderr, "kernels.c:%d: index %lld of %lld\\n", line, (long long)index, (long long)n);
        abort();
    }
    return index;
}
#define WITHIN(index, n) within(index, n, __LINE__)
#else
#define WITHIN(index, n) (index)
#endif

INLINE int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
INLINE int64_t floor_mod(int64_t a, int64_t b) { return a - b * floor_div(a, b); }
INLINE int64_t min_int(int64_t a, int64_t b) { return b < a ? b : a; }
INLINE int64_t max_int(int64_t a, int64_t b) { return b > a ? b : a; }
INLINE double min_float(double a, double b) { return b < a ? b : a; }
INLINE double max_float(double a, double b) { return b > a ? b : a; }
INLINE int64_t abs_int(int64_t a) { return a < 0 ? -a : a; }
"""


class Untranslatable(Exception):
    """Something in a kernel that this file does not know."""


@dataclass(frozen=True)
class Tuple:
    """Several results."""

    of: tuple[str, ...]


Type = str | Tuple  # "int", "Floats2", the C name of a named tuple, "" = nothing


@dataclass
class _Function:
    """What callers know of a function."""

    name: str
    parameters: list[tuple[str, str]]
    result: Type
    entry: bool
    written: set[str] = field(default_factory=set)  # what it writes to, as "load" or "rows.load"


@dataclass
class _Module:
    """What a name means in a file."""

    path: Path
    prefix: str
    constants: dict[str, ast.expr] = field(default_factory=dict)
    structs: dict[str, str] = field(default_factory=dict)
    functions: dict[str, _Function] = field(default_factory=dict)


def c_name(key: str) -> str:
    """Return what a name of Python is called in C."""
    return f"{key}_" if key in _KEYWORDS else key


class Program:
    """All kernels of some files as C."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self.paths = paths
        self.fields: dict[str, dict[str, str]] = {}  # of each struct
        self.modules: dict[str, _Module] = {}
        self.code: list[str] = []
        self.entries: list[str] = []

    def add(self, module_name: str) -> _Module:
        """Translate a file, and before it those that it imports kernels from."""
        if module_name in self.modules:
            return self.modules[module_name]
        path = self.paths[module_name]
        module = _Module(path, path.stem.removesuffix("_kernels"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module in self.paths:
                other = self.add(node.module)
                for name in node.names:
                    for here, there in ((module.structs, other.structs), (module.functions, other.functions)):
                        if name.name in there:
                            here[name.asname or name.name] = there[name.name]  # type: ignore[index]
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                module.constants[node.targets[0].id] = node.value
            elif isinstance(node, ast.ClassDef):
                self._add_struct(module, node)
            elif isinstance(node, ast.FunctionDef):
                self._add_function(module, node)
        self.modules[module_name] = module
        return module

    def _add_struct(self, module: _Module, node: ast.ClassDef) -> None:
        name = f"{module.prefix}_{node.name}"
        fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
        self.fields[name] = {item.target.id: self.type_of(module, item.annotation) for item in fields}  # type: ignore[union-attr]
        module.structs[node.name] = name
        body = " ".join(f"{self.c_type(type_)} {c_name(key)};" for key, type_ in self.fields[name].items())
        self.code.append(f"typedef struct {{ {body} }} {name};\n")

    def _add_function(self, module: _Module, node: ast.FunctionDef) -> None:
        parameters = [(item.arg, self.type_of(module, item.annotation)) for item in node.args.args]
        result: Type = ""
        if isinstance(node.returns, ast.Subscript):  # tuple[...]
            assert isinstance(node.returns.slice, ast.Tuple)
            result = Tuple(tuple(self.type_of(module, item) for item in node.returns.slice.elts))
        elif not (isinstance(node.returns, ast.Constant) and node.returns.value is None):
            result = self.type_of(module, node.returns)
        entry = any(isinstance(item, ast.Name) and item.id == "kernel" for item in node.decorator_list)
        function = _Function(f"{module.prefix}_{node.name}", parameters, result, entry)
        self.code.append(_Body(self, module, function, node).text())
        module.functions[node.name] = function
        if entry:
            self.entries.append(function.name)
            self.code.append(self._entry(function))

    def type_of(self, module: _Module, node: ast.expr | None) -> str:
        """Return what an annotation says."""
        if isinstance(node, ast.Name):
            if node.id in _ARRAYS or node.id in _NUMBERS:
                return node.id
            if node.id in module.structs:
                return module.structs[node.id]
        raise Untranslatable(f"{module.path}:{getattr(node, 'lineno', '?')}: this type is not known here")

    def c_type(self, type_: Type) -> str:
        """Return the name of a type in C."""
        if isinstance(type_, Tuple):
            return "struct { " + " ".join(f"{_NUMBERS[t]} v{k};" for k, t in enumerate(type_.of)) + " }"
        return _NUMBERS.get(type_, type_ or "void")

    def words(self, type_: str, path: str) -> Iterator[tuple[str, str]]:
        """Yield each number or array in an argument: its type, and its path."""
        if type_ not in self.fields:
            yield type_, path
            return
        for key, of in self.fields[type_].items():
            yield from self.words(of, f"{path}.{c_name(key)}")

    def _entry(self, function: _Function) -> str:
        """Return what Python calls: it takes its arguments from words and leaves its results there."""
        lines, signature, n = [], [], 0
        for name, type_ in function.parameters:
            lines.append(f"    {self.c_type(type_)} {c_name(name)};")
            for of, path in self.words(type_, c_name(name)):
                if of in _ARRAYS:
                    _, letter, axes = _ARRAYS[of]
                    values = [f"w_[{n}].p", *(f"w_[{n + 1 + k}].i" for k in range(axes))]
                    lines.append(f"    {path} = ({of}){{{', '.join(values)}}};")
                    signature.append(f"{'*' if path in function.written else ''}{letter}{axes}:{path}")
                    n += 1 + axes
                else:
                    lines.append(f"    {path} = w_[{n}].{'f' if of == 'float' else 'i'};")
                    signature.append(f"{'d' if of == 'float' else 'q'}:{path}")
                    n += 1
        call = f"{function.name}({', '.join(c_name(name) for name, _ in function.parameters)})"
        results: tuple[str, ...] = ()
        if isinstance(function.result, Tuple):
            results = function.result.of
            lines.append(f"    {function.name}_result result_ = {call};")
            values = [f"result_.v{k}" for k in range(len(results))]
        elif function.result:
            results, values = (function.result,), [call]
        else:
            lines.append(f"    {call};")
            values = []
        for k, (of, value) in enumerate(zip(results, values, strict=True)):
            lines.append(f"    w_[{k}].{'f' if of == 'float' else 'i'} = {value};")
        letters = "".join({"float": "d", "int": "q", "bool": "?"}[of] for of in results)
        text = " ".join(signature) + " > " + letters
        return (
            f'PUBLIC const char {function.name}_signature[] = "{text}";\n'
            f"ENTRY void {function.name}_entry(word *w_) {{\n" + "\n".join(lines) + "\n}\n"
        )

    def text(self, source: str) -> str:
        """Return the whole file; `source` tells which files it was made from."""
        arrays = [
            f"typedef struct {{ {c} *at; int64_t {', '.join(f'n{k}' for k in range(axes))}; }} {name};"
            for name, (c, _, axes) in _ARRAYS.items()
        ]
        stamp = [
            f'PUBLIC const char leadopt_source[] = "{source}";',
            f'PUBLIC const char leadopt_kernels[] = "{" ".join(self.entries)}";',
        ]
        return "\n".join([_HEAD, *arrays, "", *stamp, "", *self.code])


class _Body:
    """One function as C."""

    def __init__(self, program: Program, module: _Module, function: _Function, node: ast.FunctionDef) -> None:
        self.program, self.module, self.function, self.node = program, module, function, node
        self.types: dict[str, str] = dict(function.parameters)
        self.locals: dict[str, str] = {}
        self.origin = {name: name for name, _ in function.parameters}  # which argument a local array is part of
        self.owned: list[str] = []
        self.n_temporaries = 0

    def text(self) -> str:
        program, function = self.program, self.function
        body = self.block(self.node.body, 1)
        head = ""
        result = program.c_type(function.result)
        if isinstance(function.result, Tuple):
            head, result = f"typedef {result} {function.name}_result;\n", f"{function.name}_result"
        parameters = ", ".join(f"{program.c_type(of)} {c_name(key)}" for key, of in function.parameters)
        declared = [
            f"    {program.c_type(of)} {c_name(key)}{' = 0' if of in _NUMBERS else ''};"
            for key, of in self.locals.items()
        ] + [f"    {line}" for line in self.owned]
        return f"{head}INLINE {result} {function.name}({parameters}) {{\n" + "\n".join([*declared, *body]) + "\n}\n"

    def error(self, node: ast.AST, what: str) -> Untranslatable:
        return Untranslatable(f"{self.module.path}:{getattr(node, 'lineno', '?')}: {what}: {ast.unparse(node)}")

    def temporary(self) -> str:
        self.n_temporaries += 1
        return f"t{self.n_temporaries}_"

    # Statements

    def block(self, body: list[ast.stmt], depth: int) -> list[str]:
        return ["    " * depth + line for node in body for line in self.statement(node, depth)]

    def statement(self, node: ast.stmt, depth: int) -> list[str]:
        match node:
            case ast.Expr(value=ast.Constant()):
                return []
            case ast.Expr(value=ast.Call() as call):
                return [f"{self.expression(call)[0]};"]
            case ast.Pass():
                return []
            case ast.Break():
                return ["break;"]
            case ast.Continue():
                return ["continue;"]
            case ast.Return():
                return [self.returned(node)]
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                return self.assign_many(node, targets, value)
            case ast.Assign(targets=[ast.Name(id=key)], value=ast.BinOp(left=ast.List(elts=[value]), right=size)):
                return self.own(node, key, value, size)
            case ast.Assign(targets=[target], value=value):
                text, type_ = self.expression(value)
                return [self.store(target, text, type_, self.path(value))]
            case ast.Assign(targets=targets, value=value):
                text, type_ = self.expression(value)
                held = self.temporary()
                stores = [self.store(target, held, type_, "") for target in targets]
                return [f"{{ {self.program.c_type(type_)} {held} = {text}; {' '.join(stores)} }}"]
            case ast.AugAssign(target=target, op=op, value=value):
                left = ast.BinOp(left=self.loaded(target), op=op, right=value)
                ast.copy_location(left, node)
                text, type_ = self.expression(ast.fix_missing_locations(left))
                return [self.store(target, text, type_, "")]
            case ast.If(test=test, body=body, orelse=orelse):
                lines = [f"if ({self.truth(test)}) {{", *self.nested(body)]
                if orelse:
                    lines += ["} else {", *self.nested(orelse)]
                return [*lines, "}"]
            case ast.While(test=test, body=body, orelse=[]):
                return [f"while ({self.truth(test)}) {{", *self.nested(body), "}"]
            case ast.For(target=ast.Name(id=key), iter=values, body=body, orelse=[]):
                return self.loop(node, key, values, body)
        raise self.error(node, "a kernel cannot say")

    def nested(self, body: list[ast.stmt]) -> list[str]:
        return self.block(body, 1)

    def own(self, node: ast.AST, key: str, value: ast.expr, size: ast.expr) -> list[str]:
        """Write a few numbers of its own, which no array shares: what is done to them side by side is, in registers."""
        text, type_ = self.expression(value)
        array = "Floats" if type_ == "float" else "Ints"
        self.declare(node, key, array, "")
        self.owned.append(f"{_ARRAYS[array][0]} {key}_own[{self.constant(size)}];")
        at, n = self.temporary(), self.constant(size)
        return [
            f"{c_name(key)} = ({array}){{{key}_own, {n}}};",
            f"for (int64_t {at} = 0; {at} < {n}; {at}++) {key}_own[{at}] = {text};",
        ]

    def loop(self, node: ast.For, key: str, values: ast.expr, body: list[ast.stmt]) -> list[str]:
        at, end = self.temporary(), self.temporary()
        match values:
            case ast.Call(func=ast.Name(id="range"), args=args):
                low, high = ("0", self.integer(args[0])) if len(args) == 1 else map(self.integer, args[:2])
                step = ast.literal_eval(self.constant(args[2])) if len(args) == 3 else 1
                self.declare(node, key, "int", "")
                compare, move = (">", f"{at} -= {-step}") if step < 0 else ("<", f"{at} += {step}")
                head = f"for (int64_t {at} = {low}, {end} = {high}; {at} {compare} {end}; {move}) {{"
                return [head, f"    {c_name(key)} = {at};", *self.nested(body), "}"]
            case ast.Tuple(elts=items):
                texts = [self.integer(item) for item in items]
                self.declare(node, key, "int", "")
                head = f"for (int64_t {at} = 0, {end}[] = {{{', '.join(texts)}}}; {at} < {len(items)}; {at}++) {{"
                return [head, f"    {c_name(key)} = {end}[{at}];", *self.nested(body), "}"]
        text, type_ = self.expression(values)
        if type_ not in _ARRAYS or _ARRAYS[type_][2] != 1:
            raise self.error(node, "a loop is over a range, numbers or an array of one axis, not")
        self.declare(node, key, _OF_ELEMENT[_ARRAYS[type_][0]], "")
        return [
            f"{{ {type_} {end} = {text}; for (int64_t {at} = 0; {at} < {end}.n0; {at}++) {{",
            f"    {c_name(key)} = {end}.at[{at}];", *self.nested(body), "} }",
        ]  # fmt: skip

    def returned(self, node: ast.Return) -> str:
        result = self.function.result
        if node.value is None:
            return "return;"
        if isinstance(result, Tuple):
            if not isinstance(node.value, ast.Tuple) or len(node.value.elts) != len(result.of):
                raise self.error(node, f"{len(result.of)} values are to be returned, not")
            texts = [self.cast(item, of) for item, of in zip(node.value.elts, result.of, strict=True)]
            return f"return ({self.function.name}_result){{{', '.join(texts)}}};"
        return f"return {self.cast(node.value, str(result))};"

    def assign_many(self, node: ast.Assign, targets: list[ast.expr], value: ast.expr) -> list[str]:
        lines, found = [], []
        if isinstance(value, ast.Tuple):
            for item in value.elts:
                text, type_ = self.expression(item)
                held = self.temporary()
                lines.append(f"{self.program.c_type(type_)} {held} = {text};")
                found.append((held, type_, self.path(item)))
        elif isinstance(value, ast.Call):
            function, text = self.call(value)
            if not isinstance(function.result, Tuple):
                raise self.error(node, "there is one value for several names")
            held = self.temporary()
            lines.append(f"{function.name}_result {held} = {text};")
            found = [(f"{held}.v{k}", of, "") for k, of in enumerate(function.result.of)]
        else:
            text, type_ = self.expression(value)
            if type_ not in self.program.fields:
                raise self.error(node, "this cannot be taken apart")
            found = [
                (f"{text}.{c_name(key)}", of, f"{self.path(value)}.{key}")
                for key, of in self.program.fields[type_].items()
            ]
        if len(found) != len(targets):
            raise self.error(node, f"there are {len(found)} values for {len(targets)} names")
        stores = [self.store(target, *item) for target, item in zip(targets, found, strict=True)]
        return ["{", *("    " + line for line in [*lines, *stores]), "}"]

    def declare(self, node: ast.AST, key: str, type_: str, path: str) -> None:
        if self.types.setdefault(key, type_) != type_:
            raise self.error(node, f"`{key}` is a {self.types[key]} and becomes a {type_}")
        if key not in self.locals and key not in dict(self.function.parameters):
            self.locals[key] = type_
        if type_ not in _NUMBERS and self.origin.setdefault(key, path) != path:
            raise self.error(node, f"`{key}` stands for two arguments")

    def store(self, target: ast.expr, text: str, type_: Type, path: str) -> str:
        if isinstance(target, ast.Name):
            if target.id == "_":
                return f"(void){text};"
            assert isinstance(type_, str)
            known = self.types.get(target.id)
            if known == "float" and type_ == "int":
                type_ = "float"
            elif known == "int" and type_ == "bool":
                type_ = "int"
            self.declare(target, target.id, type_, path)
            return f"{c_name(target.id)} = {text};"
        if isinstance(target, ast.Subscript):
            place, of = self.element(target)
            if of not in _NUMBERS or type_ not in _NUMBERS or (type_ == "float" and of != "float"):
                raise self.error(target, f"a {type_} cannot be written to")
            self.function.written.add(self.path(target))
            return f"{place} = {text};"
        raise self.error(target, "nothing can be assigned to")

    @staticmethod
    def loaded(target: ast.expr) -> ast.expr:
        return ast.parse(ast.unparse(target), mode="eval").body

    def path(self, node: ast.expr) -> str:
        """Return which argument, or part of one, an array is, or is a part of."""
        match node:
            case ast.Name(id=key):
                return self.origin.get(key, "")
            case ast.Attribute(value=value, attr=key):
                return f"{self.path(value)}.{key}"
            case ast.Subscript(value=value):
                return self.path(value)
        return ""

    # Expressions: each is its text and its type

    def integer(self, node: ast.expr) -> str:
        text, type_ = self.expression(node)
        if type_ not in ("int", "bool"):
            raise self.error(node, "an integer is asked for, not")
        return text

    def truth(self, node: ast.expr) -> str:
        text, type_ = self.expression(node)
        if type_ != "bool":
            raise self.error(node, "a condition is asked for, not")
        return text

    def cast(self, node: ast.expr, type_: str) -> str:
        text, of = self.expression(node)
        if of != type_ and (type_, of) not in (("float", "int"), ("int", "bool")):
            raise self.error(node, f"a {type_} is asked for, not the {of}")
        return text

    def constant(self, node: ast.expr) -> str:
        """Return the number that an expression of constants is."""
        if isinstance(node, ast.Name) and node.id in self.module.constants:
            return self.constant(self.module.constants[node.id])
        return ast.unparse(node)

    def expression(self, node: ast.expr) -> tuple[str, str]:
        match node:
            case ast.Constant(value=bool() as value):
                return str(value).lower(), "bool"
            case ast.Constant(value=int() as value):
                return f"INT64_C({value})", "int"
            case ast.Constant(value=float() as value):
                return value.hex(), "float"
            case ast.Name(id=key):
                if key in self.types:
                    return c_name(key), self.types[key]
                if key in self.module.constants:
                    return self.expression(self.module.constants[key])
                raise self.error(node, "nothing is called")
            case ast.Attribute(value=ast.Name(id="np" | "math"), attr="inf"):
                return "(double)INFINITY", "float"
            case ast.Attribute(value=value, attr=key):
                text, type_ = self.expression(value)
                if key not in self.program.fields.get(type_, {}):
                    raise self.error(node, "there is no")
                return f"{text}.{c_name(key)}", self.program.fields[type_][key]
            case ast.Subscript():
                text, type_ = self.element(node)
                return (f"(int64_t){text}" if type_ == "int" else text), type_
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                text, type_ = self.expression(operand)
                return f"(-{text})", type_
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"(!{self.truth(operand)})", "bool"
            case ast.BinOp(left=left, op=op, right=right):
                return self.operation(node, left, op, right)
            case ast.BoolOp(op=op, values=values):
                joined = (" && " if isinstance(op, ast.And) else " || ").join(map(self.truth, values))
                return f"({joined})", "bool"
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self.comparison(node, [left, *comparators], ops)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                (one, a), (other, b) = self.expression(body), self.expression(orelse)
                return f"({self.truth(test)} ? {one} : {other})", self.common(node, a, b)
            case ast.Call():
                return self.called(node)
        raise self.error(node, "a kernel cannot say")

    def common(self, node: ast.AST, a: str, b: str) -> str:
        if a == b:
            return a
        if {a, b} <= {"int", "float"}:
            return "float"
        if {a, b} <= {"int", "bool"}:
            return "int"
        raise self.error(node, f"a {a} and a {b} do not go together in")

    def operation(self, node: ast.AST, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, str]:
        (a, type_a), (b, type_b) = self.expression(left), self.expression(right)
        type_ = self.common(node, type_a, type_b)
        if isinstance(op, (ast.BitOr, ast.BitAnd)) and type_ != "bool":
            raise self.error(node, "both are to be conditions in")
        if isinstance(op, ast.Div) and type_ == "float":
            return f"({a} / {b})", "float"
        if isinstance(op, (ast.FloorDiv, ast.Mod)) and type_ == "int":
            return f"floor_{'div' if isinstance(op, ast.FloorDiv) else 'mod'}({a}, {b})", "int"
        if type(op) in _OPERATORS and type_ in _NUMBERS:
            if type_ == "bool" and not isinstance(op, (ast.BitOr, ast.BitAnd)):
                type_ = "int"
            return f"({a} {_OPERATORS[type(op)]} {b})", type_
        raise self.error(node, f"two {type_}s cannot be joined so")

    def comparison(self, node: ast.AST, terms: list[ast.expr], ops: list[ast.cmpop]) -> tuple[str, str]:
        parts = []
        for k, op in enumerate(ops):
            (a, type_a), (b, type_b) = self.expression(terms[k]), self.expression(terms[k + 1])
            if type(op) not in _COMPARISONS or self.common(node, type_a, type_b) not in _NUMBERS:
                raise self.error(node, "a kernel cannot compare")
            parts.append(f"{a} {_COMPARISONS[type(op)]} {b}")
        return f"({' && '.join(parts)})", "bool"

    def element(self, node: ast.Subscript) -> tuple[str, str]:
        """Return an element of an array, a row of it, or a slice."""
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            text, type_ = self.expression(node.value.value)
            axis = ast.literal_eval(node.slice)
            if type_ in _ARRAYS and 0 <= axis < _ARRAYS[type_][2]:
                return f"{text}.n{axis}", "int"
            raise self.error(node, "there is no such axis")
        text, type_ = self.expression(node.value)
        if type_ not in _ARRAYS:
            raise self.error(node, "this is not an array")
        c, _, axes = _ARRAYS[type_]
        if isinstance(node.slice, ast.Slice):
            return self.slice(node, node.slice, text, type_), type_
        indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if len(indices) > axes:
            raise self.error(node, "there are too many indices in")
        place = ""
        for k, index in enumerate(indices):
            at = self.integer(index)
            if isinstance(index, ast.UnaryOp) and isinstance(index.operand, ast.Constant):
                at = f"({text}.n{k} + {at})"
            at = f"WITHIN({at}, {text}.n{k})"
            place = at if not place else f"({place} * {text}.n{k} + {at})"
        if len(indices) == axes:
            return f"{text}.at[{place}]", _OF_ELEMENT[c]
        rest = range(len(indices), axes)
        size = " * ".join(f"{text}.n{k}" for k in rest)
        row = next(name for name, (of, _, n) in _ARRAYS.items() if of == c and n == len(rest))
        return f"(({row}){{{text}.at + {place} * {size}, {', '.join(f'{text}.n{k}' for k in rest)}}})", row

    def slice(self, node: ast.Subscript, cut: ast.Slice, text: str, type_: str) -> str:
        if _ARRAYS[type_][2] != 1 or cut.step is not None or cut.upper is None:
            raise self.error(node, "a slice is a[:j] or a[i:j] of an array of one axis, not")
        low, high = self.integer(cut.lower) if cut.lower else "0", self.integer(cut.upper)
        ends = f"WITHIN({low}, {text}.n0 + 1), WITHIN({high}, {text}.n0 + 1)" if cut.lower else ""
        if cut.lower:
            return f"(({type_}){{{text}.at + {ends.split(', WITHIN', maxsplit=1)[0]}, {high} - {low}}})"
        return f"(({type_}){{{text}.at, WITHIN({high}, {text}.n0 + 1)}})"

    def called(self, node: ast.Call) -> tuple[str, str]:
        match node.func:
            case ast.Attribute(value=ast.Name(id="math"), attr=key) if key in _MATH:
                return f"{key}({self.cast(node.args[0], 'float')})", "float"
            case ast.Name(id="len"):
                return f"{self.expression(node.args[0])[0]}.n0", "int"
            case ast.Name(id="int"):
                return f"((int64_t){self.expression(node.args[0])[0]})", "int"
            case ast.Name(id="float"):
                return f"((double){self.expression(node.args[0])[0]})", "float"
            case ast.Name(id="bool"):
                return self.truth(node.args[0]), "bool"
            case ast.Name(id="abs"):
                text, type_ = self.expression(node.args[0])
                return f"{'fabs' if type_ == 'float' else 'abs_int'}({text})", type_
            case ast.Name(id="min" | "max" as key) if len(node.args) == 2:
                (a, type_a), (b, type_b) = map(self.expression, node.args)
                type_ = self.common(node, type_a, type_b)
                return f"{key}_{type_}({a}, {b})", type_
            case ast.Name(id=key) if key in self.module.structs:
                return self.made(node, self.module.structs[key])
            case ast.Name(id=key) if key in self.module.functions:
                function, text = self.call(node)
                return text, function.result if isinstance(function.result, str) else ""
        raise self.error(node, "a kernel cannot call")

    def made(self, node: ast.Call, struct: str) -> tuple[str, str]:
        """Return a named tuple; what it is made of counts as written to."""
        types = self.program.fields[struct].values()
        if len(node.args) != len(types) or node.keywords:
            raise self.error(node, f"{len(types)} values, without keywords, are asked for in")
        self.function.written.update(filter(None, map(self.path, node.args)))
        texts = [self.cast(value, of) for value, of in zip(node.args, types, strict=True)]
        return f"(({struct}){{{', '.join(texts)}}})", struct

    def call(self, node: ast.Call) -> tuple[_Function, str]:
        """Return the other function, and the call of it; what it writes to, this one writes to as well."""
        if not isinstance(node.func, ast.Name) or node.func.id not in self.module.functions or node.keywords:
            raise self.error(node, "only kernels above this one can be called, without keywords, not")
        function = self.module.functions[node.func.id]
        if len(node.args) != len(function.parameters):
            raise self.error(node, f"{len(function.parameters)} arguments are asked for in")
        texts = []
        for value, (key, type_) in zip(node.args, function.parameters, strict=True):
            texts.append(self.cast(value, type_))
            for written in function.written:
                first, *rest = written.split(".", 1)
                if first == key:
                    self.function.written.add(".".join([self.path(value), *rest]))
        return function, f"{function.name}({', '.join(texts)})"


def translate(paths: dict[str, Path], source: str) -> str:
    """Return the C of some files, by their modules' names."""
    program = Program(paths)
    for name in paths:
        program.add(name)
    return program.text(source)
