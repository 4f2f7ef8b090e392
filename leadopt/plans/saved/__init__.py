"""A plan as JSON, for years: what each class and field is called in a file, and what is checked of one that is read.

`formats` says what a plan's file holds, in this and earlier formats; `encoding` writes and reads trees of records;
`names_of_format_1` gives limits of 0.1.0 their kinds. `Plan.to_json` and `Plan.from_json` use `written` and `read`.
"""
