"""Numbers as people write them: one reading where there is one, both where there are two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.tables.reading.numerals import numeral, read_numbers
from tests.strategies import examples


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        ("22.700,00 €", 22700.0, "EUR"),
        ("22.700,00\u00a0€", 22700.0, "EUR"),
        ("$1,000", 1000.0, "$"),
        ("$22,700.00", 22700.0, "$"),
        ("$ 1.500", 1500.0, "$"),  # money has no three decimals
        ("US$ 8,400", 8400.0, "USD"),
        ("1,00,000", 100000.0, None),
        ("₹ 12,34,567.50", 1234567.5, "INR"),
        ("Rs. 1,500", 1500.0, "INR"),
        ("1'000'000", 1e6, None),
        ("CHF 1’234.50", 1234.5, "CHF"),
        ("1 000,50", 1000.5, None),
        ("1\u202f000 000", 1e6, None),
        ("50%", 0.5, None),
        ("12,5 %", 0.125, None),
        ("(1,000.00)", -1000.0, None),
        ("($5)", -5.0, "$"),
        ("-$5.25", -5.25, "$"),
        ("1.000,00-", -1000.0, None),
        ("−5", -5.0, None),
        ("1.000,-", 1000.0, None),
        ("１２３．５", 123.5, None),
        ("￥1,000", 1000.0, "¥"),
        ("3万元", 30000.0, "CNY"),
        ("1.5万", 15000.0, None),
        ("$1.5M", 1.5e6, "$"),
        ("10k", 10000.0, None),
        ("2 lakh", 2e5, None),
        ("R$ 1.500,00", 1500.0, "BRL"),
        ("1e3", 1000.0, None),
        ("1,2E+09", 1.2e9, None),  # as Excel exports large numbers where commas are decimal marks
        ("-2.5e-3", -0.0025, None),
        ("007", 7.0, None),
        ("٣٤", 34.0, None),
    ],
)
def test_there_is_one_reading(text, number, currency):
    found = numeral(text)
    assert found is not None
    assert set(found.readings.values()) == {number}
    assert found.currency == currency


@pytest.mark.parametrize(
    "text",
    ["many", "", "$", "1,2,3", "12 h", "2025-01-31", "10:30", "--5", "1 2", "$5 EUR", "555-1234", "#REF!", "1/2"],
)
def test_what_spells_no_number(text):
    assert numeral(text) is None


@pytest.mark.parametrize(
    ("texts", "numbers", "decimal"),
    [
        (["1.500", "0,25"], [1500.0, 0.25], ","),
        (["1,500", "12.5"], [1500.0, 12.5], "."),
        (["1,500", "1,500,000"], [1500.0, 1500000.0], "."),
        (["1.500", "0.125"], [1.5, 0.125], "."),
        (["1.500", "2,5"], [1500.0, 2.5], ","),
        (["1000", "2"], [1000.0, 2.0], None),
        (["$1,000", "2,500"], [1000.0, 2500.0], "."),
        (["n/a", "-", "7", ""], [None, None, 7.0, None], None),
    ],
)
def test_a_column_as_a_whole_tells_the_decimal_mark(texts, numbers, decimal):
    found = read_numbers(texts)
    assert [found.value[text] for text in texts] == numbers
    assert (found.doubt, found.conflict, found.decimal) == (None, None, decimal)


def test_what_could_be_two_numbers_is_in_doubt_and_a_setting_ends_it():
    texts = ["1.500", "12", "20.750"]
    assert read_numbers(texts).doubt == ("1.500", 1.5, 1500.0)
    assert list(read_numbers(texts, ",").value.values()) == [1500.0, 12.0, 20750.0]
    assert list(read_numbers(texts, ".").value.values()) == [1.5, 12.0, 20.75]


def test_two_marks_in_one_column_contradict_each_other():
    assert read_numbers(["1,000.50", "1.000,50"]).conflict == ("1,000.50", "1.000,50")
    assert read_numbers(["70%", "30"]).conflict == ("70%", "30")
    assert read_numbers(["70%", "0"]).conflict is None


@given(
    st.floats(0, 1e9, allow_nan=False).map(lambda x: round(x, 2)),
    st.sampled_from(["{:,.2f}", "${:,.2f}", "{:,.2f} USD", "{:.2f}", "({:,.2f})"]),
    st.sampled_from([("", ""), (",.", ".,"), (",", " "), (",", "'"), (",", "\u00a0")]),
)
@examples(60)
def test_what_is_written_with_cents_is_read_back(number, shape, marks):
    """Cents end every doubt, whatever stands between the thousands."""
    text = shape.format(number).translate(str.maketrans(*marks))
    read = read_numbers([text])
    expected = -number if shape.startswith("(") else number
    assert (read.value[text], read.doubt) == (expected, None)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(-9, 9), st.booleans()), min_size=1), st.sampled_from(".,"))
def test_powers_of_ten_have_the_mark_of_their_column(cells, mark):
    texts = {
        f"{n}{f'{mark}5' if half else ''}E{power:+}": float(f"{n}{'.5' if half else ''}E{power}")
        for n, power, half in cells
    }
    found = read_numbers([*texts, f"0{mark}25"])
    assert (found.doubt, found.conflict, found.decimal) == (None, None, mark)
    assert {text: found.value[text] for text in texts} == texts
