"""Policies of the golden files, as TOML."""

POLICIES = {
    "default": "",
    "readme": """
segment_by = ["industry", "source"]
explore = 0.0
currencies = {USD = 1.0, EUR = 1.08}
reserve = 0.0

[[eligibility]]
rule = "match"
column = "territory"

[[eligibility]]
rule = "skills"
needs = "language"
has = "languages"

[[fairness]]
low = 0.8
high = 1.2

[[fairness]]
of = "hot"
entitlement = "equal"
weight = 0.5

[newcomers]
share = 0.1
max_hot_share = 0.1
protect = "key_account"
ramp_days = 180
tenure_days = 90

[columns]
rep_id = "rep_id"
""",
    "everything": """
segment_by = ["industry", "Größe", "来源"]
rep_by = ["team", "response_hours"]
half_life_days = 180.5
explore = 0.25
reserve = 12.5
currencies = {usd = 1, EUR = 1.08, "CNY" = 0.14}

[bins]
response_hours = [1, 4, 24.5]
budget = 5

[score]
visits = 2
"Größe" = {"groß" = 3, klein = 0.5}
months = {1 = 1, 12 = 2}

[[eligibility]]
rule = "match"
column = "territory"

[[eligibility]]
rule = "match"
column = "language"
reps_column = "speaks"

[[eligibility]]
rule = "skills"

[[eligibility]]
rule = "skills"
needs = "braucht"
has = "kann"

[[eligibility]]
rule = "exclude"
pairs = [[1, "Ann"], [2, "王伟"], ["12345678-1234-5678-1234-567812345678", 7]]

[[eligibility]]
rule = "exclude"
column = "not_to"

[[fairness]]
low = 0.9
high = 1.1
entitlement = "equal"

[[fairness]]
of = "value"
low = 0.5
high = 1.5
entitlement = "performance"
weight = 0.125

[[fairness]]
of = "hot"
hot_share = 0.3
entitlement = "seniority"
weight = 2

[[fairness]]
maximin = true

[newcomers]
share = 0.1
min_leads = 2
tenure_days = 120
value_share = 0.05
max_hot_share = 0.2
hot_share = 0.25
protect = "key_account"
ramp_days = 180
ramp = [0, 0.25, 1]

[columns]
lead_id = "线索"
rep_id = "Verkäufer"
value = "Wert"
currency = "Währung"
capacity = "Plätze"
available = "da"
open_leads = "offen"
max_open = "höchstens_offen"
min_leads = "mindestens"
effort = "Aufwand"
hours = "Stunden"
open_hours = "offene_Stunden"
pace = "Tempo"
credit = "Guthaben"
is_newcomer = "neu"
tenure_days = "Tage"
hired_on = "seit"
territory = "Gebiet"
converted = "gewonnen"
at = "am"
""",
    "reserve_text": 'reserve = "-inf"\nsegment_by = "industry"\nrep_by = "team"\n',
    "reserve_number": 'reserve = -inf\nhalf_life_days = "learn"\nsegment_by = []\n',
    "one_fairness": '[fairness]\nlow = 0.7\nof = "value"\nentitlement = "equal"\nweight = 0\n',
    "maximin": '[fairness]\nmaximin = true\nof = "value"\nentitlement = "performance"\n',
    "one_fairness_in_a_list": "[[fairness]]\nhigh = 1.5\n",
    "first_release": """
segment_by = ["industry"]
half_life_days = 90

[fairness]
low = 0.9
high = 1.1
entitlement = "capacity"

[newcomers]
share = 0.2
min_leads = 1
tenure_days = 60

[columns]
lead_id = "id"
value = "amount"
""",
    "newcomers_default": "[newcomers]\n",
    "score_only": "[score]\nsize = {large = 3}\nvisits = 1\n",
}
