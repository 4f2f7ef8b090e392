"""What `import leadopt` offers: small, documented, light."""

import inspect
import subprocess
import sys

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
