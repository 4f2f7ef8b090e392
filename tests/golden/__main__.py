"""Golden files of this version: plans as it saves them, policies, and plain facts of both.

    python -m tests.golden FOLDER [few | PLAN ...]

The folder is new: files of a version that was released are never written again, since they show what is read for ever.
0.1.0/ was written by leadopt 0.1.0, with all plans and policies; format-2/ by `few`, the plans that hold every class
and field of that format between them. Its `*_joint` came later: before, plans held the sentence of what they will bring
in place of what it rests on; `learned_states_mixture` has what draws rest on since then. `own_limits`, `accounts`,
`no_value_filled_in`, `open_leads`, `drifting` and `counted` came later, too, with what policies and histories can say
since, `handed_out` with how past leads were handed out, `few_eligible` with gains of eligible pairs alone, and
`hours_alone` with prices of leads, `few_stars` with what is expected of a newcomer, and
`slow_wins` with what delays of open leads leave open since.
"""

import json
import sys
from pathlib import Path

from leadopt import Plan, Policy
from tests.golden import more_plans
from tests.golden.facts import facts_of, facts_of_policy
from tests.golden.policies import POLICIES

HERE = Path(__file__).parent
PLANS = more_plans.PLANS  # those of plans.py with it
FEW = (
    *("columns_renamed_dates", "eligibility", "everything", "fairness_several", "learned_states"),
    *("limits", "newcomers", "own_limits", "accounts", "no_value_filled_in", "drifting", "open_leads", "handed_out"),
    *("counted", "few_eligible", "few_stars", "hours_alone", "slow_wins"),
)


def write_plans(folder, names):
    """Write plans as they are saved, and their facts as they are read again."""
    for part in ("plans", "facts"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name in names:
        text = PLANS[name]().to_json()
        (folder / "plans" / f"{name}.json").write_text(text, encoding="utf-8")
        write(folder / "facts" / f"{name}.json", facts_of(Plan.from_json(text)))


def write_policies(folder):
    """Write policies in TOML, in JSON with all settings spelled out, and one in short."""
    folder.mkdir()
    facts = {}
    for name, text in POLICIES.items():
        path = folder / f"{name}.toml"
        path.write_text(text.lstrip("\n"), encoding="utf-8")
        policy = Policy.from_toml(path)
        facts[f"{name}.toml"] = facts_of_policy(policy)
        (folder / f"{name}.json").write_text(policy.to_json() + "\n", encoding="utf-8")
        facts[f"{name}.json"] = facts_of_policy(Policy.from_dict(json.loads(policy.to_json())))
    short = {"segment_by": "industry", "eligibility": [{"rule": "match", "column": "territory", "reps_column": None}]}
    short |= {"reserve": "-inf", "fairness": None, "newcomers": None, "score": None, "bins": None}
    (folder / "short.json").write_text(json.dumps(short, ensure_ascii=False) + "\n", encoding="utf-8")
    facts["short.json"] = facts_of_policy(Policy.from_dict(short))
    write(folder / "facts.json", facts)


def write(path, data):
    """Write one line for each fact, so that a change can be read."""
    parts = ",\n".join(
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f" {json.dumps(key)}: {json.dumps(fact, ensure_ascii=False)}" for key, fact in facts.items())
        + "\n}"
        for name, facts in data.items()
    )
    path.write_text(f"{{\n{parts}\n}}\n", encoding="utf-8")


def main(folder, *names):
    """Write the golden files of this version."""
    if (HERE / folder).exists():
        sys.exit(f"{HERE / folder} is there already; golden files are not written again")
    write_plans(HERE / folder, FEW if names == ("few",) else names or PLANS)
    if not names:
        write_policies(HERE / folder / "policies")


if __name__ == "__main__":
    main(*sys.argv[1:])
