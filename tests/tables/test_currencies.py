"""Values in several currencies meet in one unit, or are refused in a sentence that says how to mend it."""

import pytest

from leadopt.errors import InvalidInput
from leadopt.tables.currencies import check_currencies, check_one, rates_of

RATES = {"EUR": 1.08, "USD": 1.0}


def test_every_code_gets_its_rate():
    assert rates_of("leads.currency", ["USD", "EUR", "USD"], RATES).tolist() == [1.0, 1.08, 1.0]
    assert rates_of("leads.currency", [], RATES).tolist() == []


def test_one_currency_needs_no_rates_and_a_missing_one_is_taken_for_it():
    assert rates_of("leads.currency", ["EUR", None, "EUR"], None).tolist() == [1.0, 1.0, 1.0]
    assert rates_of("leads.currency", [None, None], None).tolist() == [1.0, 1.0]
    check_one("leads.currency", ["EUR", None])


@pytest.mark.parametrize(
    ("codes", "rates", "message"),
    [
        (
            ["USD", "EUR", None],
            None,
            "leads.currency: values in several currencies cannot be compared without rates; found EUR, USD. Say what "
            'one unit of each is worth: Policy(currencies={"EUR": ..., "USD": ...}), or [currencies] in a policy file',
        ),
        (
            ["A", "B", "C", "D"],
            None,
            "leads.currency: values in several currencies cannot be compared without rates; found A, B, C, D. "
            'Say what one unit of each is worth: Policy(currencies={"A": ..., "B": ..., "C": ..., ...}), or '
            "[currencies] in a policy file",
        ),
        (
            ["USD", "GBP"],
            RATES,
            "leads.currency: no rate for the currency GBP; known are EUR, USD. "
            'Add it: Policy(currencies={"GBP": ...}), or GBP = ... under [currencies] in a policy file',
        ),
        (["USD", None], RATES, "leads.currency: with rates, every value needs a currency (EUR, USD); found nothing"),
    ],
)
def test_what_cannot_be_brought_into_one_unit_is_refused(codes, rates, message):
    with pytest.raises(InvalidInput) as caught:
        rates_of("leads.currency", codes, rates)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({}, "policy.currencies: must map currencies to what one unit is worth, {USD = 1.0}; found {}"),
        ([1.0], "policy.currencies: must map currencies to what one unit is worth, {USD = 1.0}; found [1.0]"),
        ({"USD": 0}, "policy.currencies.USD: what one unit is worth must be a number above 0; found 0"),
        ({"usd": True}, "policy.currencies.USD: what one unit is worth must be a number above 0; found True"),
        ({"USD": "1"}, "policy.currencies.USD: what one unit is worth must be a number above 0; found '1'"),
        ({"USD": float("inf")}, "policy.currencies.USD: what one unit is worth must be a number above 0; found inf"),
        ({" ": 1.0}, "policy.currencies: a currency must be a name such as EUR; found ' '"),
        ({7: 1.0}, "policy.currencies: a currency must be a name such as EUR; found 7"),
        (
            {"USD": 1, "usd ": 2},
            "policy.currencies: capitals do not matter, so USD must be there once; found ['USD', 'usd ']",
        ),
    ],
)
def test_a_table_of_rates_must_be_one(rates, message):
    with pytest.raises(InvalidInput) as caught:
        check_currencies("policy.currencies", rates)
    assert str(caught.value) == message
