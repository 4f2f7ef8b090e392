"""Messy input by the thousand: tables of every kind, text of files, policies; one seed, one call of `assign`.

Random numbers and no Hypothesis: a call takes milliseconds, and what made it is its seed.
"""

import io

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.policy import Policy
from tests.tables_strategies import KINDS, NASTY, framed, rows_of

IDS = [lambda k: k + 1, lambda k: f"L{k}", lambda k: f"é漢 {k}", float, lambda k: f"{k:03}"]
WORDS = ["web", "fair", "Web ", "WEB", "steel", None, "", " ", "Total", "12", "1,5", "=A1", "#REF!", "n/a", "\ufeffweb"]
WHOLE = [0, 1, 2, 3, 4]
NUMBERS = [0, 1, 2, 3, 0.5, 1.0, -1, 10, 1e3, 1e9, 1e-9, 1e100, 1e300, None, float("nan"), float("inf")]
TEXT_NUMBERS = ["1", "2", "1,000", "1.000", "2,5", "2.5", "€ 5", "$1,000", "50 %", "(3)", "1e3", "12 kg", "٣", "-", "½"]
DAYS = [
    "2026-01-31",
    "2025-12-01",
    "31.01.2026",
    "01/02/2026",
    "2026-02-30",
    "1769817600",
    46000,
    None,
    "soon",
    "2026-W05",
]
OUTCOMES = [
    0,
    1,
    0,
    1,
    True,
    False,
    "won",
    "lost",
    "Won",
    "open",
    None,
    "",
    "gewonnen",
    "成交",
    "yes",
    "no",
    "maybe",
    2,
]
COLUMNS = {
    "leads": {
        **{"value": NUMBERS, "currency": ["EUR", "usd", None, "€"], "effort": NUMBERS, "size": NUMBERS},
        "industry": WORDS,
        **{"territory": WORDS, "skills": ["", "de", "de;fr", None, ["de"]], "key": [True, False, None, "x"]},
        **{"account": WORDS, "current_rep": WORDS, "created_at": DAYS},
    },
    "reps": {
        **{"capacity": NUMBERS, "available": [0, 0.5, 1, None, "yes", "away", "50 %"], "open_leads": NUMBERS},
        **{"max_open": NUMBERS, "min_leads": NUMBERS, "hours": NUMBERS, "open_hours": NUMBERS, "pace": NUMBERS},
        **{"credit": NUMBERS, "in_fairness": [True, False, None], "carried": NUMBERS, "tenure_days": NUMBERS},
        **{"hired_on": DAYS, "is_newcomer": [0, 1, None, "new"], "territory": WORDS, "skills": ["de", "fr;de", None]},
        **{"team": WORDS, "quota": NUMBERS},
    },
    "history": {
        **{"converted": OUTCOMES, "value": NUMBERS, "at": DAYS, "assigned_at": DAYS, "industry": WORDS},
        "size": NUMBERS,
        **{"currency": ["EUR", "usd", None], "territory": WORDS, "lead_id": WORDS},
    },
}  # fmt: skip
SETTINGS = {
    "segment_by": [None, [], "industry", ["industry", "size"], ["nowhere"], "rep_id", 5, ["size", "size"]],
    "eligibility": [
        [{"rule": "match", "column": "territory"}],
        [{"rule": "skills", "needs": "skills", "has": "skills"}, {"rule": "exclude", "pairs": [[1, "L0"]]}],
        [{"rule": "exclude", "column": "territory"}, {"rule": "none"}, 7][:1],
        [{"rule": "mach"}],
    ],
    "fairness": [
        *({}, {"low": 1, "high": 1}, {"maximin": True}, {"of": "value"}, {"of": "hot", "hot_share": 0.5}, {"low": 2}),
        *({"entitlement": "quota"}, {"entitlement": "performance", "weight": 0.5}, {"low": -1}),
        *([{"of": "leads"}, {"of": "value", "maximin": True}], {"low": 0.0, "high": 0.0}),
    ],
    "newcomers": [
        *({"share": 0.5}, {"min_leads": 2, "ramp_days": 90}, {"protect": "key"}, {"share": 2}, {"value_share": 0.3}),
    ],
    "reserve": [0.0, 0.2, -1, "-inf", float("nan"), 1e300, "x"],
    "score": [{"industry": {"web": 3}}, {"size": 1, "industry": {"fair": 2}}, {"industry": {}}, {"nowhere": 1}, 5],
    "half_life_days": [None, 30, 1e-9, "learn", -1, float("inf")],
    "rep_by": [[], ["team"], ["rep_id"], "nowhere"],
    "bins": [{"size": 2}, {"size": [1.0, 2.0]}, {"size": [2.0, 1.0]}, {"industry": 3}, {"size": 10**6}],
    "explore": [0, 0.5, 1, 2],
    "currencies": [{"EUR": 1.1, "USD": 1}, {"EUR": 1e300}, {"EUR": 0}, {}],
    "value_zero": [None, "missing", "none"],
    "limit": [
        [{"reps": "L0", "most": 1}],
        [{"reps": {"team": "web"}, "leads": {"industry": ["web", None]}, "least": 1, "most": 3, "each": True}],
        [{"most": 1e300, "usage": "effort"}, {"least": 1, "usage": "value", "weight": 0.5}],
        [{"most": -1}],
    ],
    "balance_open": [True, False, 1],
    "together": ["account", "industry", " "],
    "move_cost": [0, 0.5, 1e9, -1],
    "formats": [{"dates": "day first"}, {"decimal": ","}, {"decimal": "x"}],
    "outcomes": [{"won": ["maybe"]}, {"won": ["lost"], "lost": ["lost"]}, {"open": "open"}],
    "columns": [{"lead_id": "id"}, {"value": "size"}, {"owner": "account"}, {"capacity": "quota"}, {"nowhere": "x"}],
}  # fmt: skip


def column(rng, values, size):
    """Cells mostly of one kind; of one column in 16 some are of any kind at all."""
    if values is NUMBERS and rng.random() < 0.85:
        values = WHOLE
    some = [values[k] for k in rng.integers(0, len(values), int(rng.integers(1, 5)))]
    if rng.random() < 0.8:
        some = [one for one in some if isinstance(one, type(some[0])) or one is None]
    cells = [some[k] for k in rng.integers(0, len(some), size)]
    if size and rng.random() < 0.06:
        others = TEXT_NUMBERS if rng.random() < 0.6 else NASTY
        for _ in range(int(rng.integers(1, 3))):
            cells[int(rng.integers(0, size))] = others[int(rng.integers(0, len(others)))]
    return cells


def table(rng, name, ids, size):
    """One table as columns."""
    found = dict(ids)
    known = COLUMNS[name]
    usual = {"leads": (), "reps": ("capacity",), "history": ("converted",)}[name]
    for one in sorted({*usual, *rng.choice(sorted(known), int(rng.integers(0, 4))).tolist()}):
        if one not in found and (one not in usual or rng.random() < 0.9):
            found[one] = column(rng, known[one], size)
    if rng.random() < 0.05:
        lost = str(rng.choice(sorted(found)))
        cells = found.pop(lost)
        if rng.random() < 0.7:
            found[str(rng.choice([lost.title(), f" {lost}", lost.replace("_", " "), "", "Unnamed: 0"]))] = cells
    return found


def floor(rng):
    """Leads, reps and history (or None) as columns."""
    n_leads, n_reps, n_past = (int(rng.integers(0, most)) for most in (7, 5, 25))
    lead_id, rep_id = (IDS[int(rng.integers(0, len(IDS)))] for _ in range(2))
    lead_ids, rep_ids = [lead_id(k) for k in range(n_leads)], [rep_id(k) for k in range(n_reps)]
    for cells in (lead_ids, rep_ids):
        if cells and rng.random() < 0.06:
            cells[int(rng.integers(0, len(cells)))] = NASTY[int(rng.integers(0, len(NASTY)))]
    who = rep_ids or ["L0"]
    past = {"rep_id": [who[k] for k in rng.integers(0, len(who), n_past)]}
    return {
        "leads": table(rng, "leads", {"lead_id": lead_ids}, n_leads),
        "reps": table(rng, "reps", {"rep_id": rep_ids}, n_reps),
        "history": table(rng, "history", past, n_past) if rng.random() < 0.7 else None,
    }


def is_sound(data):
    """Whether plain data are a policy."""
    try:
        Policy.from_dict(data)
    except InvalidInput:
        return False
    return True


SOUND = {name: [value for value in values if is_sound({name: value})] for name, values in SETTINGS.items()}


def settings(rng):
    """Plain data of a policy: few settings, of which one in twelve is wrong by itself."""
    names = rng.choice(sorted(SETTINGS), int(rng.choice([0, 0, 1, 1, 2, 3]))).tolist()
    pick = {name: (SETTINGS if rng.random() < 0.15 else SOUND)[name] for name in names}
    return {name: values[int(rng.integers(0, len(values)))] for name, values in pick.items()}


def call(seed):
    """Arguments of one call of `assign`, the policy as plain data."""
    rng = np.random.default_rng([16, seed])
    columns = floor(rng)
    kinds = sorted(set(KINDS) - {"duckdb"}) if rng.random() < 0.98 else ["duckdb"]
    kind = {name: kinds[int(rng.integers(0, len(kinds)))] for name in columns}
    tables = {name: None if found is None else framed(kind[name], found) for name, found in columns.items()}
    more = {}
    leads, reps = columns["leads"].get("lead_id", []), columns["reps"].get("rep_id", [])
    if leads and reps and rng.random() < 0.15:
        more[str(rng.choice(["pins", "keep"]))] = {
            lead: reps[int(rng.integers(0, len(reps)))] for lead in leads[:2] if type(lead) in (int, str, float)
        }
    if rng.random() < 0.1:
        tables["history"] = None
        cells = np.array([0.1, 1.0, -1.0, 0.0, 7.25, -np.inf, np.nan, 1e300])[: int(rng.integers(3, 9))]
        more["affinity"] = rng.choice(cells, (len(leads), len(reps) + int(rng.random() < 0.1)))
    if rng.random() < 0.3:
        days = ["2026-01-31", "2026-02-30", "", 5]
        more["now"] = days[int(rng.integers(0, 4))] if rng.random() < 0.3 else days[0]
    return tables, settings(rng), more


def policy_of(data):
    """The policy, as it is read from a file."""
    return Policy.from_dict(data)


def csv_bytes(rng, columns):
    """A table as a file in one of many encodings and forms, now and then broken."""
    mark = str(rng.choice([",", ";", "\t", "|"]))
    out = io.StringIO()
    rows = rows_of(columns)
    end = str(rng.choice(["\n", "\r\n", "\r"]))
    if rng.random() < 0.1:
        out.write(f"sep={mark}{end}")
    if rng.random() < 0.1:
        out.write(f"Report of January{end}{end}")
    for row in [list(columns), *(list(row.values()) for row in rows)]:
        cells = ["" if cell is None else str(cell) for cell in row]
        out.write(mark.join(f'"{cell}"' if mark in cell or rng.random() < 0.1 else cell for cell in cells) + end)
    if rng.random() < 0.05:
        out.write(f"Total{mark}3{end}" if rng.random() < 0.5 else f'"open{end}')
    encoding = str(rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gb18030", "latin-1"]))
    data = out.getvalue().encode(encoding, errors="replace")
    if data and rng.random() < 0.1:
        broken = bytearray(data)
        broken[int(rng.integers(0, len(broken)))] = int(rng.integers(0, 256))
        data = bytes(broken)
    return data[: int(rng.integers(0, len(data) + 1))] if rng.random() < 0.05 else data
