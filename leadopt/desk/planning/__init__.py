"""Plans from the desk: what it has learned, what leads are worth with whom, the batch as a plan, and what acts cost.

history.py    leads that ended or are held, as a history that a model learns from
learned.py    the model of a policy, fitted on that, with the hash of what it knows
worths.py     what one lead is worth with whom, in microseconds: `Worths` of the pure part
source.py     what a model needs of a desk's tables, read at once
tables.py     leads and reps of a batch as the tables that `assign` takes, with bars, absences, credit and conduct
bars.py       the rule of eligibility that holds a lead's refusals, complaints and cool-offs
plans.py      `make_plan`: a `DeskPlan`, which knows what it was made from
decisions.py  what each decision of a plan rests on, and who was entitled to what it gives
applying.py   the commands that carry a plan out, in chunks that survive a crash
costs.py      what acts of people cost, by the prices of a plan
"""
