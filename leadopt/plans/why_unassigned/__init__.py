"""Why a lead stays in the pool, and what would place it.

`reasons` has the code and the sentence of each reason, `remedies` what would place the lead, `barriers` what stands
between it and each rep, `wording` reps and limits in words. Others ask `reasons.why_unassigned` of a `barriers.Pool`.
"""
