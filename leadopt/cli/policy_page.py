"""The reference page of a policy file, `docs/policy.md`: the schema for people."""

from collections.abc import Iterator, Mapping

from leadopt.cli.policy_schema import schema
from leadopt.cli.schemas.asking import Schema
from leadopt.cli.schemas.page import settings_table, tables_in

_HEAD = """\
# Settings of a policy file

<!-- Written by `leadopt policy schema --page`; a test holds it to the code. Do not edit it by hand. -->

A policy is a text file in [TOML](https://toml.io). Every setting may be left out. `leadopt policy init` writes one for
your own files, `leadopt policy check` says whether one is right, and `leadopt policy schema` prints these settings as a
JSON schema, by which editors complete and check them: [how](howto/policy.md). In Python, `leadopt.Policy` takes the
same settings by the same names.
"""
_RULES = "One table `[[eligibility]]` for each rule; `rule` says which one it is."


def policy_page() -> str:
    """Return the page in Markdown: a table of settings, and one for each table in it."""
    whole = schema()
    parts = [_HEAD, settings_table(whole["properties"])]
    for name, setting in whole["properties"].items():
        parts += _section(name, setting, whole["$defs"])
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, setting: Schema, tables: Mapping[str, Schema]) -> Iterator[str]:
    """Yield what is to be said of a setting that is a table, or a list of them."""
    rules = setting.get("items", {}).get("oneOf", [])
    if rules:
        yield f"\n## `[[{name}]]`\n\n{_RULES}"
        for rule in rules:
            settings = dict(rule["properties"])
            told = settings.pop("rule")
            yield f'\n### `rule = "{told["const"]}"`\n\n{told["description"]}\n'
            yield settings_table(settings, rule["required"])
        return
    called = list(dict.fromkeys(tables_in(setting)))
    for table in called:
        several = any("items" in kind for kind in (setting, *setting.get("anyOf", [])))
        header = f"`[{name}]`" + (f", or several `[[{name}]]`" if several else "")
        yield f"\n## {header}\n\n{tables[table]['description']}\n"
        yield settings_table(tables[table]["properties"], tables[table].get("required", []))
