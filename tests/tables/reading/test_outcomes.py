"""Outcomes in words: those known in five languages, the user's own, and proposals for the rest."""

import pytest

from leadopt.errors import InvalidInput
from leadopt.tables.reading.outcomes import Outcomes, lines, propose_outcomes


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        ("won", ["Closed Won", "closed-won", "成交", "gewonnen", "Ganado", "cerrada ganada", "gagné", "GAGNEE"]),
        ("lost", ["Closed Lost", "丢单", "未成交", "verloren", "Perdido", "perdu", "non gagné", "Closed/Lost", "战败"]),
        ("open", ["Open", "Negotiation/Review", "offen", "In Bearbeitung", "abierto", "en cours", "跟进中", "n/a", ""]),
        (None, ["maybe", "Stage 3", "2"]),
    ],
)  # fmt: skip
def test_words_are_known_in_five_languages(meaning, words):
    assert {Outcomes().meaning(word) for word in words} == {meaning}


def test_own_words_win_over_known_ones():
    outcomes = Outcomes(won=["Qualified"], lost="Open", open=[2])
    assert [outcomes.meaning(word) for word in ("qualified", "OPEN", "2", "won")] == ["won", "lost", "open", "won"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"won": ["A"], "lost": ["a "]}, "policy.outcomes: 'a ' is listed as won and as lost; list it once"),
        ({"won": [None]}, 'policy.outcomes.won: must be a list of words, ["Closed Won"]; found [None]'),
        ({"open": 5j}, 'policy.outcomes.open: must be a list of words, ["Closed Won"]; found 5j'),
        ({"lost": [" "]}, "policy.outcomes.lost: a word cannot be blank; found ' '"),
    ],
)
def test_what_is_no_setting_is_refused(settings, said):
    with pytest.raises(InvalidInput) as caught:
        Outcomes(**settings)
    assert str(caught.value) == said


def test_proposals_are_of_what_is_not_known():
    cells = ["Closed Won", "Won - upsell", "Verloren an X", "Demo", "Demo", None, 1, "nicht gewonnen - Budget"]
    found, guessed = propose_outcomes(cells)
    assert found == Outcomes(won=["Won - upsell"], lost=["Verloren an X", "nicht gewonnen - Budget"], open=["Demo"])
    assert guessed == ("Won - upsell", "Verloren an X", "Demo", "nicht gewonnen - Budget")
    assert lines(found).startswith('[outcomes] won = ["Won - upsell"], lost = ["Verloren an X", ')
    assert all(found.meaning(word) is not None for word in guessed)


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        (
            "won",
            ["Beauftragt", "Signée", "Firmado", "Order received", "已签单", "成单", "New customer", "closedwon"],
        ),
        (
            "lost",
            ["Absage", "Kein Interesse", "Fail", "Pas vendu", "放弃", "Won't buy", "wont buy", "Not sold"],
        ),
        ("lost", ["Dropped", "Lost to rival", "no go", "unsigned", "closedlost", "未签单", "Kein Auftrag erhalten"]),
        (
            "open",
            ["win-back", "Winback", "Demo", "Not lost", "Customer contacted", "Assigned", "Window shop"],
        ),
    ],
)
def test_everyday_words_are_proposed_as_what_they_say(meaning, words):
    found, _ = propose_outcomes(words)
    assert list(getattr(found, meaning)) == words
