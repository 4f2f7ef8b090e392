"""Local time in whole numbers is that of `zoneinfo`, at every change of every zone."""

import pytest

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar.zones import Zone, zone_of
from tests.lifecycle.moments import DAY, HOUR, MINUTE, ZONES, changes_in_file, distinct_zones, moment, wall


def test_every_change_of_every_zone_is_found():
    begin, end = moment("2024-01-01 00:00", "UTC"), moment("2031-01-01 00:00", "UTC")
    n_changes = 0
    for name in ZONES:
        found = {at for year in range(2024, 2031) for at, _ in zone_of(name).changes(year)[1:] if begin <= at < end}
        told = [at for at in changes_in_file(name) if wall(at, name).utcoffset() != wall(at - 1, name).utcoffset()]
        assert sorted(found) == told, name
        n_changes += len(told)
    assert n_changes > 2000


def test_changes_of_the_past_are_found_too():
    for name in ("Africa/Casablanca", "Asia/Gaza", "America/Recife", "Pacific/Apia", "America/St_Johns"):
        found = {at for year in range(1971, 2024) for at, _ in zone_of(name).changes(year)[1:]}
        told = [
            at
            for at in changes_in_file(name, 1971, 2023)
            if wall(at, name).utcoffset() != wall(at - 1, name).utcoffset()
        ]
        assert len(told) > 10
        assert set(told) <= found, name


def test_a_moment_and_its_local_time_are_each_others():
    for name in distinct_zones():
        zone = zone_of(name)
        for change in changes_in_file(name) or [moment("2026-03-29 01:00", "UTC")]:
            for away in (-DAY, -HOUR, -30 * MINUTE, -1, 0, 1, 29 * MINUTE, HOUR):
                at = change + away
                clock, local = wall(at, name), zone.local(at)
                assert local == at + round(clock.utcoffset().total_seconds()) * 1_000_000
                first = zone.moment(local)
                assert zone.local(first) == local  # it exists
                assert first == at if clock.fold == 0 else first < at  # the first of two


def test_a_time_that_does_not_exist_is_the_moment_clocks_go_forward():
    zone = zone_of("Europe/Berlin")
    change = moment("2026-03-29 03:00")
    wrong = zone.local(change) - HOUR  # 02:00
    assert [zone.moment(wrong + part) for part in (0, 30 * MINUTE, HOUR - 1, HOUR)] == [change] * 4
    assert zone.moment(wrong - 1) == change - 1


def test_a_later_local_time_is_never_an_earlier_moment():
    for name in ("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca"):
        zone = zone_of(name)
        for year in (2006, 2011, 2026):
            for change, ahead in zone.changes(year)[1:]:
                local = [change + ahead + part * 10 * MINUTE for part in range(-160, 160)]
                moments = [zone.moment(time) for time in local]
                assert moments == sorted(moments), name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Europe/Berln", 'zone: "Europe/Berln" is no time zone; did you mean "Europe/Berlin"?'),
        ("Berlin", 'did you mean "Europe/Berlin"?'),
        ("new york", 'did you mean "America/New_York"?'),
        ("UTC+2", "is no time zone"),
        ("localtime", "is no time zone"),
        ("right/Europe/Berlin", 'did you mean "Europe/Berlin"?'),
        ("../etc/passwd", "is no time zone"),
        ("Europe", "is no time zone"),
        ("a\0b", "is no time zone"),
        ("", "must be the name of a time zone such as \"Europe/Berlin\"; found ''"),
        (None, "found None"),
        (2, "found 2"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest(name, said):
    with pytest.raises(InvalidInput) as caught:
        Zone(name)
    assert said in str(caught.value)
