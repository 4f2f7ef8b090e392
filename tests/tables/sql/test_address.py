import pytest

from leadopt.errors import InvalidInput
from leadopt.tables.sql import Address, is_database


@pytest.mark.parametrize(
    ("text", "url", "table", "query"),
    [
        ("sqlite:///crm.db?table=leads", "sqlite:///crm.db", "leads", None),
        ("sqlite:///crm.db?Table=Open leads", "sqlite:///crm.db", "Open leads", None),
        ("sqlite:///crm.db?table=Open%20leads%20100%25", "sqlite:///crm.db", "Open leads 100%", None),
        ("sqlite:///crm.db?table=a+b", "sqlite:///crm.db", "a+b", None),
        ("sqlite:///crm.db?timeout=5&table=leads", "sqlite:///crm.db?timeout=5", "leads", None),
        ("sqlite:///crm.db?table=leads&timeout=5&x=1", "sqlite:///crm.db?timeout=5&x=1", "leads", None),
        ("postgresql://h/d?sslmode=require&table=a.b&x=1", "postgresql://h/d?sslmode=require&x=1", "a.b", None),
        ("sqlite:///c.db?query=select%20*%20from+a", "sqlite:///c.db", None, "select * from a"),
        ("sqlite:///c.db?query=select%201&timeout=5", "sqlite:///c.db?timeout=5", None, "select 1"),
        ("sqlite:///c.db?query=select a & b, '%41?table=' from t;", "sqlite:///c.db", None,
         "select a & b, '%41?table=' from t"),
        ("postgresql://h:5432/d?query=select '@' from t", "postgresql://h:5432/d", None, "select '@' from t"),
        ("sqlite:///my crm 100%.db", "sqlite:///my crm 100%.db", None, None),
        ("duckdb://?query=\n  select 1\n", "duckdb://", None, "select 1"),
    ],
)  # fmt: skip
def test_table_and_query_are_read_as_typed_or_as_encoded(text, url, table, query):
    address = Address.of(text)
    assert (address.url, address.table, address.query) == (url, table, query)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sqlite:///c.db?table=", "sqlite:///c.db: names an empty table; write sqlite:///crm.db?table=leads, or "),
        ("sqlite:///c.db?query=   ", "sqlite:///c.db: names an empty query; write "),
        ("sqlite:///c.db?table=a&query=select%201", "takes one table or one query; found table and query"),
        (
            "postgresql://ann:p@ss@h/d?table=a",
            "postgresql://ann:***@h/d: a user or password with one of @ / ? # in it ",
        ),
        (
            "postgresql://ann:pa?ss@h/d?table=a",
            "postgresql://ann:***@h/d: a user or password with one of @ / ? # in it ",
        ),
    ],
)
def test_what_is_no_address_is_refused(text, said):
    with pytest.raises(InvalidInput) as refused:
        Address.of(text)
    assert said in str(refused.value)
    assert "ss@" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:secret@h/d?table=a", "postgresql://ann:***@h/d?table=a"),
        ("postgresql://ann:a%40:b@h:1/d?sslmode=require&table=a", "postgresql://ann:***@h:1/d?sslmode=require&table=a"),
        ("postgresql://h/d?user=ann&password=secret&table=a", "postgresql://h/d?user=ann&password=***&table=a"),
        ("postgresql://h/d?sslpassword=secret&query=select 1", "postgresql://h/d?sslpassword=***"),
        ("duckdb:///md:crm?motherduck_token=secret&table=a", "duckdb:///md:crm?motherduck_token=***&table=a"),
        ("sqlite:///a:b@c.db?table=a", "sqlite:///a:b@c.db?table=a"),
    ],
)
def test_a_password_is_never_shown(text, shown):
    address = Address.of(text)
    assert address.shown == shown
    assert "secret" not in repr(address)


@pytest.mark.parametrize("password", ["secret", "a", "p%40ss", "100%25 $^"])
def test_a_driver_that_tells_the_password_is_silenced(password):
    address = Address.of(f"postgresql://ann:{password}@h/d?table=a")
    plain = password.replace("%40", "@").replace("%25", "%")
    with pytest.raises(InvalidInput) as refused:
        address.refuse(f"cannot log in\nas ann with {plain} (password={plain}) at h")
    assert "\n" not in str(refused.value)
    assert f"with {plain}" not in str(refused.value)
    assert str(refused.value).startswith("postgresql://ann:***@h/d?table=a: cannot log in as ann with *** (")


@pytest.mark.parametrize("data", ["leads.csv", "C:\\leads.csv", "C:/crm.db", "", None, 5, b"sqlite:///a", "://a"])
def test_what_is_no_database(data):
    assert not is_database(data)
