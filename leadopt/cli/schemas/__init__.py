"""JSON schemas and reference pages of settings, found by asking what takes them, so that nothing is told twice.

`asking` makes a schema of dataclasses and of who refuses what, `page` the same for people, and `rules` both for the
rules of a desk; those of a policy are `leadopt.cli.policy_schema` and `leadopt.cli.policy_page`.
"""
