"""What a solved case can tell: `Plan` is its face, each question has a file of its own.

`explain_lead` and `explain_rep` say why, `what_if` and `moves` what would change, `compare` and `baselines` what others
would do, `credit` and `quota_cost` what is owed and what newcomers cost, `outcome` what it will really bring,
`evenness` how evenly it shares, `report` all of it on a page; the room `why_unassigned` says what would place a lead,
`saved` writes and reads a plan. Others use `Plan`, `plan_of` and `evenness`.
"""
