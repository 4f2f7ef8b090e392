"""`leadopt desk demo`: a simulated quarter by hand and at a desk, what changed, and a desk to look at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leadopt.cli.assigning import checked_seed
from leadopt.cli.demo_folder import make_demo_folder, remember
from leadopt.cli.terminal import prose, say_heading, text_table
from leadopt.errors import InvalidInput
from leadopt.evaluate.quarters.by_hand import by_hand, history
from leadopt.evaluate.quarters.rules import POLICY, RULES
from leadopt.evaluate.quarters.setting import START, Quarter
from leadopt.evaluate.quarters.simulate_desk import DeskSimulation, simulate_desk
from leadopt.evaluate.quarters.world import World
from leadopt.tables.files import write_bytes, write_table
from leadopt.tables.text import count, percent

if TYPE_CHECKING:
    from leadopt.desk.desk import Desk

_NAMES = ("desk.db", "desk-rules.toml", "desk-policy.toml", "crm.csv")
_SIDES = ("-wal", "-shm")  # what SQLite keeps beside a file
_LOOKED_AT = 60  # events among which a telling one is looked for
_MOST_WEEKS = 52
_GOES = ("assigned", "pooled", "review_asked")


def run_desk_demo(folder: Path, seed: int = 0, weeks: int = 13) -> DeskSimulation:
    """Do `leadopt desk demo`: write the files, simulate, and print what happened."""
    if not 1 <= weeks <= _MOST_WEEKS:
        raise InvalidInput(f"--weeks: must be from 1 to {_MOST_WEEKS}; found {weeks}")
    quarter, rng = Quarter(weeks=weeks), checked_seed(seed)
    file, rules, policy, crm = ours = [folder / name for name in _NAMES]
    make_demo_folder(folder, ours)
    for path in (file, *(Path(f"{file}{side}") for side in _SIDES)):
        path.unlink(missing_ok=True)
    write_bytes(rules, RULES.encode())
    write_bytes(policy, POLICY.encode())
    world = World.draw(quarter, np.random.default_rng(rng))
    write_table(history(by_hand(world), 0.0, world.middle), crm)
    remember(folder, [rules, policy, crm])
    _say_what(quarter, world)
    found = simulate_desk(quarter, file=file, rng=rng, on_week=_say_week)
    _say_figures(found)
    with _opened(file, found) as desk:
        _say_stories(desk, file, found)
    remember(folder, ours)
    _say_next(file, found)
    return found


def _opened(file: Path, found: DeskSimulation) -> "Desk":
    from leadopt.cli.desk.asked import desk_class

    return desk_class().open(f"sqlite:///{file}", clock=lambda: found.now)


def _say_what(quarter: Quarter, world: World) -> None:
    came = int((world.arrived >= world.middle).sum())
    weeks = count(quarter.weeks, "week")
    begin = START + timedelta(weeks=quarter.weeks)
    print(
        prose(
            f"A simulated sales floor: {quarter.n_reps} reps, two times {weeks}. Until {_day(begin)}, leads are dealt "
            "in turn by hand; some are forgotten, and nobody notices. Then a desk takes over what is open, and "
            f"{came:,} more leads come. People keep their habits: who is slow stays slow. As all of it is simulated, "
            "what would have come of the same leads by hand is known too."
        )
    )
    print()


def _day(day: date) -> str:
    return f"{day:%A}, {day}"


_TOLD = {
    "came": "came",
    "follows": "answered",
    "reminded": "reminders",
    "recalled": "taken back",
    "reassigned": "moved for leave",
    "refuses": "refused",
    "claim": "claimed",
    "review": "reviewed",
    "won": "won",
}


def _say_week(week: int, happened: Mapping[str, int]) -> None:
    told = ", ".join(f"{happened.get(kind, 0):>3} {words}" for kind, words in _TOLD.items())
    staff = Counter({kind: happened.get(kind, 0) for kind in ("joins", "leaves")})
    more = "".join(f"; a rep {kind}" for kind in staff if staff[kind])
    print(f"week {week + 1:>2}: {told}{more}", flush=True)


def _say_figures(found: DeskSimulation) -> None:
    seen = found.before_after
    say_heading("Before and after, as a company sees it")
    rows = [one.cells[:-1] for one in seen.rows if not one.note]
    print(text_table(["figure", "before", "after", "difference", f"{percent(seen.level)} interval", "of"], rows))
    for note in seen.below().notes:
        print(f"\n{prose(note)}")
    say_heading("What the simulation knows: the same leads by hand and at the desk")
    print(text_table(*found.cells))
    print(f"\n{prose(_verdict(found))}")


def _verdict(found: DeskSimulation) -> str:
    hand, desk = found.by_hand, found.at_desk
    lift = desk.value / hand.value - 1.0
    return (
        f"The same {desk.n:,} leads, spam left out, are truly worth {100 * lift:+.0f}% at the desk. This is one "
        "simulated floor, by the settings of leadopt.evaluate.Quarter, which are assumed and not measured; with "
        "another --seed it is another one, and how much a desk does for a company, only a trial there can tell."
    )


# ---- stories


def _say_stories(desk: "Desk", file: Path, found: DeskSimulation) -> None:
    say_heading("Why? Every event can be asked")
    stories = (
        ("A lead that was taken back:", "recalled"),
        ("A refusal:", "refuses"),
        ("A manager overrules a proposal:", "override"),
        ("A claim:", "claim"),
        ("A reward or a restriction:", "conduct_set"),
    )
    told = [
        "\n".join([what, *(f"$ leadopt desk -f {file} why {one}\n{desk.why(one)}" for one in _with_next(desk, seq))])
        for what, kind in stories
        if (seq := _telling(desk, found.events.get(kind, ()))) is not None
    ]
    print("\n\n".join(told))


def _with_next(desk: "Desk", seq: int) -> list[int]:
    """Return an event and, where it is about a lead that went elsewhere by it, the event that says where."""
    lead = desk.why(seq).body.get("lead")
    if lead is None or desk.why(seq).kind in _GOES:
        return [seq]
    went = (one.seq for one in desk.lead(lead).history if one.seq > seq and one.kind in _GOES)
    return [seq, *list(went)[:1]]


def _telling(desk: "Desk", events: Sequence[int]) -> int | None:
    """Return one of the last events of a kind, of a lead that was won if there is one; None = there are none."""
    latest = list(events[-_LOOKED_AT:])
    won = (seq for seq in reversed(latest) if _is_won(desk, seq))
    return next(won, latest[-1] if latest else None)


def _is_won(desk: "Desk", seq: int) -> bool:
    lead = desk.why(seq).body.get("lead")
    return lead is not None and desk.lead(lead).stage == "won"


def _say_next(file: Path, found: DeskSimulation) -> None:
    with _opened(file, found) as desk:
        seq = _telling(desk, found.events.get("recalled", ()))
        lead = None if seq is None else desk.lead(str(desk.why(seq).body["lead"])).id
    say_heading("Next")
    print(prose(f"The desk is {file}, with its rules and policy beside it, as of {found.now:%Y-%m-%d %H:%M}. Type:"))
    start = f"leadopt desk -f {file} --now {found.now.isoformat(timespec='minutes')}"
    asked = [] if seq is None else [f"show {lead}", f"why {seq}"]
    for line in (*asked, "overdue", "pool", "reviews", "verify", "--help"):
        print(f"  {start} {line}")
