"""Every kind of event can be told in a sentence, without an id in it that the user does not know."""

import re

from leadopt.desk.work import words
from leadopt.lifecycle import events
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.events import KINDS

BERLIN = Calendar("Europe/Berlin", "Mon-Fri 9-18", ())
FILLED = {
    **{"lead": "L-1", "rep": "R-1", "into": "L-2", "other": "L-2", "stage": "new", "rule": "key", "how": "approved"},
    **{"via": "claim", "pool": "main", "why": "no_room", "what": "first", "due": 0, "evidence": "call", "of": 3},
    **{"occurred_at": 0, "until": 0, "reason": "spam", "absence": "V-1", "start": 0, "end": 1, "effect": "reward"},
    **{"starts_at": 0, "amount": 1.5, "begun": 2, "leadopt": "1", "fingerprint": "abc", "plan": "P-1", "leads": 2},
    **{"placed": 1, "applied": 1, "skipped": 1, "day": "2026-01-01", "last_run": 0, "hold_until": 1},
}


def filled(kind):
    """Return an event of a kind with something in every field that it must have."""
    made = KINDS[kind]
    required = [one for one in made.__dataclass_fields__.values() if made_needs(one)]
    values = {one.name: FILLED[one.name] for one in required}
    return made(**values | ({"of": "leads"} if kind == "credit_booked" else {}))


def made_needs(one):
    from dataclasses import MISSING

    return one.default is MISSING and one.default_factory is MISSING


def test_every_kind_of_event_has_a_sentence():
    for kind in KINDS:
        said = words.sentence(filled(kind), words.when_in(BERLIN))
        assert re.fullmatch(r'["A-Z].*\.', said), said
        assert "None" not in said, said
        assert "{" not in said, said


def test_a_decision_tells_the_choice_who_came_next_and_who_was_barred():
    event = events.Assigned(
        lead="L-1",
        rep="R-1",
        via="router",
        decision={
            **{"gain": 3.2, "chance": 0.31, "price": 1.5, "cost": {"at_least": 0.25, "exact": True}},
            "next": [{"rep": "R-2", "gain": 3.0, "why": "worth less"}, {"rep": "R-3", "gain": 5.0, "why": "full"}],
            "barred": {"full": 1, "refused": 2},
        },
        override="vip",
    )
    assert words.details(event) == [
        "Expected gain 3.2, chance 31.0%, price of a slot 1.5.",
        "Beside the plan it costs 0.25.",
        "Next was R-2 (gain 3): worth less.",
        "Next was R-3 (gain 5): full.",
        "Barred: 1 full, 2 refused it before.",
        "Override: vip.",
    ]


def test_a_moment_is_told_in_the_zone_of_the_rules():
    assert words.when_in(BERLIN)(0) == "Thu 1970-01-01 01:00"
