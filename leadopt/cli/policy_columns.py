"""What the columns of somebody's own tables probably are: proposed by headers, held against the cells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from leadopt.cli.policy_text import quoted
from leadopt.decision.reading.units import currency_notes, unlike_values
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.tables import Table
from leadopt.tables.cells import as_level
from leadopt.tables.columns import Columns
from leadopt.tables.headers import NEEDED, Kind, likely
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.moments import ORDERS
from leadopt.tables.reading.numerals import DECIMALS
from leadopt.tables.reading.outcomes import propose_outcomes
from leadopt.tables.reading.reader import Reading
from leadopt.tables.reading.units import misstated

Tables = Mapping[Kind, Table]

_VALUED: tuple[Kind, Kind] = ("leads", "history")
_WHOLE = ("open_leads", "max_open", "min_leads")
_NUMBERS = ("capacity", "value", "effort", "hours", "open_hours", "pace", "credit", "tenure_days")
_SHARES = ("available", "is_newcomer")
_DAYS = ("at", "hired_on")
_MOST_WORDS = 30  # a column of outcomes holds few words; one with more holds something else
_FEW_WORDS = 12
_MET = 0.5  # of the rows of history whose rep has to be among the reps, for two columns to hold the same ids
_COMPARED = 200  # distinct cells of a column that are compared with ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A column that looks like a known one, and why it is not taken for it as it is.

    Parameters
    ----------
    kind, name, header
        the table, the field of `Columns`, and the column
    why
        the first cell that does not fit, in a sentence
    choices
        settings by which it would fit, each as a line of a policy file; empty = none would
    section
        the table of the policy file that they stand in
    kept
        whether it is taken for it nevertheless: ids that are there twice have to be mended
    """

    kind: Kind
    name: str
    header: str
    why: str
    choices: tuple[str, ...] = ()
    section: str = "formats"
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Which column of each table means what.

    Parameters
    ----------
    columns
        by table, from fields of `Columns` to headers
    doubts
        columns that look like a known one
    remarks
        what was found by the cells and not by a header, in sentences
    """

    columns: Mapping[Kind, dict[str, str]]
    doubts: list[Doubt] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def shared(self) -> Iterator[tuple[str, str, list[Kind]]]:
        """Yield each field with the name that its tables share: that of leads, or else of the first table it is in."""
        for name in Columns.__dataclass_fields__:
            kinds: list[Kind] = [kind for kind in self.columns if name in self.columns[kind]]
            # Who a rep is, the table of reps says; all else is called as in the leads.
            first: Kind | None = "reps" if name == "rep_id" and "reps" in kinds else kinds[0] if kinds else None
            if first is not None:
                header = self.columns[first][name]
                yield name, header, [kind for kind in kinds if self.columns[kind][name] == header]

    def own(self, kind: Kind) -> Iterator[tuple[str, str]]:
        """Yield the fields that one table calls otherwise than the others."""
        for name, _, kinds in self.shared():
            if name in self.columns[kind] and kind not in kinds:
                yield name, self.columns[kind][name]


def find_columns(tables: Tables, formats: Formats) -> Found:
    """Return what columns are, as far as their headers and their cells agree."""
    found = Found(columns={kind: {} for kind in tables})
    for kind, table in tables.items():
        proposed, doubts = _fitting(table, kind, formats)
        found.columns[kind].update(proposed)
        found.doubts.extend(doubts)
    _compare_values(tables, found)
    if found.columns["leads"].get("territory") != found.columns["reps"].get("territory"):
        for kind in tables:  # only a baseline reads it, and rules name columns as they are
            found.columns[kind].pop("territory", None)
    _find_needed(tables, found)
    if "history" in tables:
        _match_reps(tables, found)
    return found


def _fitting(table: Table, kind: Kind, formats: Formats) -> tuple[dict[str, str], list[Doubt]]:
    """Return what the columns of a table are; a column whose cells do not fit gives way to the next that may be it."""
    rest, left, known = list(table.columns), dict[str, Doubt](), dict[tuple[str, str], Doubt | None]()
    while True:
        proposed = likely(rest, kind)
        for name, header in proposed.items():
            if (name, header) not in known:
                known[name, header] = _doubt(table, kind, name, header, formats)
        doubts = {name: doubt for name, header in proposed.items() if (doubt := known[name, header]) is not None}
        unfit = next((doubt for doubt in doubts.values() if not doubt.kept), None)
        if unfit is None:
            return proposed, [*(doubt for name, doubt in left.items() if name not in proposed), *doubts.values()]
        left.setdefault(unfit.name, unfit)
        rest.remove(unfit.header)


def _compare_values(tables: Tables, found: Found) -> None:
    """Leave values of history unread that their header states in another unit than leads have; tell other units."""
    mine, theirs = (found.columns[kind].get("value") if kind in tables else None for kind in _VALUED)
    if mine and theirs and (said := unlike_values(mine, theirs)) is not None:
        del found.columns["history"]["value"]
        found.remarks.append(
            f"{said}: the latter is not read; give both in one unit, then set columns.history.value = {quoted(theirs)}"
        )
    for kind in _VALUED:
        if header := found.columns.get(kind, {}).get("value"):
            currency = found.columns[kind].get("currency", "")
            found.remarks.extend(currency_notes(kind, tables[kind], header, currency))


def _doubt(table: Table, kind: Kind, name: str, header: str, formats: Formats) -> Doubt | None:
    """Return why a column cannot be what its header says, None if all of its cells fit."""
    if (unit := misstated(name, header)) is not None:
        return Doubt(kind=kind, name=name, header=header, why=unit)
    why = _misfit(table, name, header, formats, unique=name in _key(kind))
    if why is None:
        return None
    choices = tuple(_settled(table, name, header)) if name in (*_DAYS, *_NUMBERS, *_WHOLE) else ()
    setting, section = "dates" if name in _DAYS else "decimal", "formats"
    if choices and isinstance(getattr(formats, setting), Mapping):  # of other columns: this one is added to them
        section = f"formats.{setting}"
        choices = tuple(f"{quoted(f'{kind}.{header}')} = {each.partition(' = ')[2]}" for each in choices)
    kept = bool(choices) or name in _key(kind)
    why = (why.partition(". Set [formats]")[0] if choices else why).rstrip(".")
    return Doubt(kind=kind, name=name, header=header, why=why, choices=choices, section=section, kept=kept)


def _key(kind: Kind) -> tuple[str, ...]:
    return {"leads": ("lead_id",), "reps": ("rep_id",)}.get(kind, ())


def _misfit(table: Table, name: str, header: str, formats: Formats, *, unique: bool = False) -> str | None:
    read = Table(table, table.name, Reading(formats=formats))
    checks: dict[str, Callable[[], object]] = {
        **{one: partial(read.numbers, header, low=0.0, whole=True, missing=0.0) for one in _WHOLE},
        **{one: partial(read.numbers, header, missing=0.0) for one in _NUMBERS},
        **{one: partial(read.fractions, header) for one in _SHARES},
        **{one: partial(read.days, header) for one in _DAYS},
        "converted": partial(_check_outcomes, read, header),
    }
    if unique:
        checks[name] = partial(read.ids, header)
    try:
        checks.get(name, lambda: None)()
    except InvalidInput as error:
        return str(error)
    return None


def _settled(table: Table, name: str, header: str) -> Iterator[str]:
    """Yield the formats, as lines of a policy file, by which a column would be what its header says."""
    setting, ways = ("dates", ORDERS) if name in _DAYS else ("decimal", DECIMALS)
    for way in ways:
        if _misfit(table, name, header, Formats(**{setting: way})) is None:
            yield f'{setting} = "{way}"'


def _check_outcomes(table: Table, header: str) -> None:
    """Refuse a column that cannot hold outcomes: too many words, or numbers other than 0 and 1."""
    words = set(table.levels(header)) - {None}
    if len(words) > _MOST_WORDS:
        raise InvalidInput(f"{table.name}.{header}: holds {len(words):,} different words, too many for outcomes")
    texts = table.texts(header)
    if not texts and not words <= {"0", "1", "true", "false"}:
        raise InvalidInput(f"{table.name}.{header}: an outcome must be 0 or 1, or a word; found {sorted(words)[0]}")  # type: ignore[type-var]


def _find_needed(tables: Tables, found: Found) -> None:
    """Find by their cells the columns that a table must have, where no header tells."""
    for kind, table in tables.items():
        for name in NEEDED[kind]:
            if name in found.columns[kind]:
                continue
            header = _outcome_column(table, found) if name == "converted" else None
            if name in _key(kind):
                header = next(iter(_keys(table, set(found.columns[kind].values()))), None)
            if header is not None:
                found.columns[kind][name] = header
                what = "holds words of outcomes" if name == "converted" else "is another in each row"
                found.remarks.append(f'{kind}: "{header}" is taken for {name}, as it {what}')


def _keys(table: Table, taken: set[str]) -> Iterator[str]:
    """Yield the columns that could be ids: text or whole numbers, none missing, none twice; those in use come last."""
    for header in sorted(table.columns, key=lambda column: column in taken):
        try:
            table.ids(header)
        except InvalidInput:
            continue
        yield header


def _outcome_column(table: Table, found: Found) -> str | None:
    """Return the column of known words of outcomes, or else of words that sound like won and like lost."""
    taken = found.columns["history"].values()
    columns = {header: words for header, words in _few_words(table).items() if header not in taken}
    for header, words in columns.items():
        if len(propose_outcomes(words)[1]) <= len(words) / 2:
            return header
    for header, words in columns.items():
        guessed, _ = propose_outcomes(words)
        if guessed.won and guessed.lost:
            return header
    return None


def _few_words(table: Table) -> dict[str, list[str]]:
    """Return the columns of few words, each with its words."""
    levels = {header: dict.fromkeys(level for level in table.levels(header) if level) for header in table.columns}
    return {header: list(words) for header, words in levels.items() if 2 <= len(words) <= _FEW_WORDS}


def listed_words(table: Table) -> str:
    """Return which columns hold few words, for who looks for outcomes among them; nothing if none does."""
    told = [f'"{header}" holds {enumerate_some(words, 4)}' for header, words in _few_words(table).items()]
    return f" ({'; '.join(told[:3])}), and say under [outcomes] what its words mean" if told else ""


def _match_reps(tables: Tables, found: Found) -> None:
    """Have reps and history name reps by columns that hold the same: ids here and names there cannot meet."""
    reps, history = tables["reps"], tables["history"]
    by_header = (found.columns["reps"].get("rep_id"), found.columns["history"].get("rep_id"))
    if None not in by_header and _met(reps, str(by_header[0]), history, str(by_header[1])) >= _MET:
        return
    taken = {header for name, header in found.columns["history"].items() if name != "rep_id"}
    pairs = [
        (_met(reps, mine, history, theirs), mine, theirs)
        for mine in _keys(reps, set())
        for theirs in sorted(history.columns, key=lambda column: column != by_header[1])
        if theirs not in taken
    ]
    best = max(pairs, key=lambda pair: pair[0], default=(0.0, "", ""))
    if best[0] >= _MET:
        found.columns["reps"]["rep_id"], found.columns["history"]["rep_id"] = best[1], best[2]
        if best[1:] != by_header:
            found.remarks.append(f'rep_id: "{best[1]}" of reps and "{best[2]}" of history hold the same reps')
        found.doubts[:] = [doubt for doubt in found.doubts if doubt.name != "rep_id"]
    elif None not in by_header:
        found.remarks.append(
            f'rep_id: hardly any rep of "{by_header[1]}" in history is in "{by_header[0]}" of reps; '
            "see that both name reps alike"
        )


def _met(reps: Table, mine: str, history: Table, theirs: str) -> float:
    """Return which share of the distinct cells of a column of history is among the reps."""
    known = {_alike(level) for level in reps.levels(mine) if level is not None}
    past = list(dict.fromkeys(_alike(level) for level in history.levels(theirs) if level is not None))[:_COMPARED]
    return sum(level in known for level in past) / len(past) if past else 0.0


def _alike(level: str) -> str:
    return " ".join(str(as_level(level)).casefold().split())


def unread(tables: Tables, found: Found, segments: Sequence[str]) -> dict[Kind, list[str]]:
    """Return the columns of each table that mean nothing to leadopt."""
    return {
        kind: [
            header
            for header in table.columns
            if header not in found.columns[kind].values() and not (header in segments and kind != "reps")
        ]
        for kind, table in tables.items()
    }
