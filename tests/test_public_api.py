"""What `import leadopt` offers: small, documented, light."""

import importlib
import inspect
import pkgutil
import pydoc
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import leadopt


def test_all_is_exactly_what_is_bound():
    bound = {name for name, value in vars(leadopt).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert bound == set(leadopt.__all__)


def test_the_surface_is_sorted_and_has_25_names_at_most():
    assert leadopt.__all__ == sorted(leadopt.__all__)
    assert len(leadopt.__all__) <= 25


def test_every_public_name_and_method_has_a_docstring():
    for name in leadopt.__all__:
        value = getattr(leadopt, name)
        assert inspect.getdoc(value), name
        if inspect.isclass(value):
            for method, member in vars(value).items():
                if not method.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                    assert inspect.getdoc(member), f"{name}.{method}"


def test_public_functions_describe_every_parameter_and_what_they_raise():
    for function in (leadopt.assign, leadopt.frontier, leadopt.match):
        text = inspect.getdoc(function) or ""
        for parameter in inspect.signature(function).parameters:
            assert parameter in text, f"{function.__name__}: {parameter}"
        for section in ("Parameters", "Returns", "Raises", "Examples"):
            assert f"\n{section}\n---" in text, f"{function.__name__}: {section}"


def test_evaluate_is_there_once_it_is_asked_for_and_not_before():
    code = "import sys, leadopt; print('leadopt.evaluate' in sys.modules, leadopt.evaluate.__name__)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "leadopt.evaluate"]
    with pytest.raises(AttributeError, match="module 'leadopt' has no attribute 'evalute'"):
        leadopt.evalute  # noqa: B018


def test_every_name_of_evaluate_has_a_docstring_that_describes_its_parameters():
    evaluate = leadopt.evaluate
    assert evaluate.__all__ == sorted(evaluate.__all__)
    for name in evaluate.__all__:
        value = getattr(evaluate, name)
        text = inspect.getdoc(value) or ""
        assert text, name
        for parameter in inspect.signature(value).parameters if inspect.isfunction(value) else ():
            assert parameter in text, f"{name}: {parameter}"


def test_import_loads_no_heavy_library():
    heavy = ("scipy", "ortools", "pandas", "polars", "pyarrow", "narwhals", "matplotlib", "typer", "rich")
    heavy += ("sqlalchemy", "leadopt.lifecycle", "leadopt.desk")
    code = f"import sys, leadopt; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_import_installs_no_handler_and_no_filter():
    code = (  # numpy installs filters of its own
        "import numpy, warnings, logging; before = list(warnings.filters); import leadopt; "
        "print(warnings.filters == before, logging.getLogger().handlers)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True []"


# Four words that mean one thing each


def public_classes():
    """Yield every public class, and every class of results that it may hand out."""
    from leadopt.learning import __all__ as learned

    seen = [getattr(leadopt, name) for name in leadopt.__all__]
    seen += [getattr(leadopt.evaluate, name) for name in leadopt.evaluate.__all__]
    seen += [getattr(leadopt.learning, name) for name in learned]
    yield from dict.fromkeys([one for one in seen if inspect.isclass(one)] + all_results())


def all_results():
    """Return every class that inherits from `Result`, in any module."""
    from leadopt.tables.result import Result

    for module in pkgutil.walk_packages(leadopt.__path__, "leadopt."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, left = [], [Result]
    while left:
        kinds = left.pop().__subclasses__()
        found += [kind for kind in kinds if kind.__module__.startswith("leadopt.")]
        left += kinds
    return found


def test_there_is_one_way_to_show_a_result():
    assert len(all_results()) >= 15
    for path in Path(leadopt.__file__).parent.rglob("*.py"):
        told = path.read_text(encoding="utf-8").count("def _repr_html_")
        assert told == (1 if path.name == "result.py" else 0), path


@pytest.mark.parametrize("kind", list(public_classes()), ids=lambda kind: kind.__qualname__)
def test_table_frame_summary_and_columns_mean_one_thing_each(kind):
    """A table is the user's; frame() makes one like it; summary() is a sentence; columns are the user's columns."""
    assert not hasattr(kind, "table"), "a data frame comes from frame(), cells from below()"
    for word in ("frame", "summary"):
        assert inspect.isfunction(getattr(kind, word, lambda: None)), f"{word} is a method"
        needed = list(inspect.signature(getattr(kind, word, lambda self: None)).parameters)
        assert needed in (["self"], []), f"{word}() takes nothing"
    if hasattr(kind, "frame"):
        assert (inspect.getdoc(kind.frame) or "").startswith("Return one row per ")
        assert "like" in getattr(kind, "__dataclass_fields__", ()) or kind is leadopt.AffinityModel
    assert not inspect.isfunction(getattr(kind, "columns", None)), "columns are names, or the settings of their names"


# help()


def documented():
    """Yield every public name with what it stands for."""
    for module in (leadopt, leadopt.evaluate, leadopt.learning, leadopt.metrics):
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        for name in getattr(module, "__all__", [name for name in own if not name.startswith("_")]):
            yield f"{module.__name__}.{name}", getattr(module, name)


@pytest.mark.parametrize("value", dict(documented()).values(), ids=dict(documented()))
def test_help_can_be_read(value):
    """Annotations are shown by their names: numpy's ArrayLike took 390 characters, and help(match) a line of 1,681."""
    text = pydoc.render_doc(value, renderer=pydoc.plaintext)
    assert "_NestedSequence" not in text
    for line in text.splitlines():
        assert len(line) <= 130 + 45 * line.count(": "), line


@pytest.mark.parametrize("value", dict(documented()).values(), ids=dict(documented()))
def test_annotations_that_are_names_can_be_looked_up(value):
    for one in [value, *(vars(value).values() if inspect.isclass(value) else ())]:
        if inspect.isfunction(one) and not one.__name__.startswith("_") and "plot" not in one.__name__:
            typing.get_type_hints(one)  # `plot` alone names what is imported late
    if inspect.isclass(value):
        typing.get_type_hints(value)
