"""The rules and the policy of the simulated desk, as a user would write them into files."""

RULES = """\
# The rules of the desk: who is reminded when, when a lead is taken back, and who may claim what.
# All settings: docs/rules.md. What is left out is as usual.

[time]
zone = "Europe/Berlin"
hours = "Mon-Fri 9-12, 13-18"

[follow]
first_within = "3 days"              # a new lead is followed up within three days,
next_within = "14 days"              # and again every two weeks
remind_before = "24 hours"           # the rep is reminded a day before,
escalate_after = 0                   # and once it is due, rep and manager are told

[recall]
after = "1 day"                      # a day later the lead is taken back,
to = "best"                          # and goes to whom it is worth most now, else to the pool

[claim]
embargo = "12 hours"                 # from the pool, reps take leads themselves,
per_day = 5                          # five a day at most

[[review]]
name = "key accounts"                # a manager looks first
where = { tier = "key" }
within = "8 working hours"

[[reward]]
name = "prompt"                      # who answers in time gets a little more,
when = { on_time = ">= 0.95", n = ">= 20" }
then = { entitlement = 1.1, claims_per_day = 2 }

[[restrict]]
name = "slow"                        # who does not claims none until that has changed
when = { on_time = "< 0.7", n = ">= 10" }
then = { claims_per_day = 0 }
until = { on_time = ">= 0.8" }

[[restrict]]
name = "overdue"                     # and who answers hardly any gets no new ones until hardly any is overdue
when = { on_time = "< 0.5", n = ">= 10" }
then = { new_leads = false }
until = { overdue = "<= 2" }
"""

POLICY = """\
# How leads are handed out. All settings: docs/policy.md.

# What the chance of a deal is estimated by: each rep's record with each industry from each source.
segment_by = ["industry", "source"]

# A lead that is worth less than this with everybody is nobody's duty: it stays in the pool, to be claimed.
reserve = 100.0

# A rep must speak the lead's language.
[[eligibility]]
rule = "skills"
needs = "language"
has = "languages"

# Everybody's number of leads, over time, as a multiple of a fair share by room.
[[fairness]]
low = 0.5
high = 1.5
"""
