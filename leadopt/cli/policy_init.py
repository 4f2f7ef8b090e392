"""`leadopt policy init`: a policy file proposed for somebody's own tables, and what it did not understand."""

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadopt.cli.assigning import plan_files
from leadopt.cli.inputs import asked_sheets, read_tables
from leadopt.cli.policy_columns import Doubt, Found, find_columns, listed_words, unread
from leadopt.cli.policy_rules import eligibility, knows_newcomers, limits, near_segments, segments, settings
from leadopt.cli.policy_schema import FIRST_LINE, SCHEMA_NAME, schema_text
from leadopt.cli.policy_text import comment, listed, off, quoted, table
from leadopt.cli.sources import Source, is_settings, refuse_replacing, shown
from leadopt.cli.terminal import prose
from leadopt.decision.reading.away import away_notes
from leadopt.decision.reading.footers import without_footer
from leadopt.errors import Infeasible, InvalidInput, LeadoptError, enumerate_some
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.columns import Columns
from leadopt.tables.files import write_bytes
from leadopt.tables.headers import NEEDED, Kind
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import MEANINGS, Outcomes, propose_outcomes

_KINDS: tuple[Kind, ...] = ("leads", "reps", "history")
_TRIAL_S = 3.0  # of search, to see that a plan comes of it
_SETTINGS = ("dates", "decimal")  # of `Formats`
_SHOWN = 12  # words of outcomes in a comment
_USUAL = Columns()

_LATER = """\
# Everybody's number of leads, as a multiple of a fair share by capacity.
[fairness]
low = 0.8
high = 1.2
"""
_NEWCOMERS = """\
# Reps of less than 90 days get at least a tenth of the leads together.
[newcomers]
share = 0.1
tenure_days = 90
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a policy file for some tables would say.

    Parameters
    ----------
    found
        which column means what
    segment_by
        what chances are estimated by
    outcomes, guessed
        the words of history, and those that are a guess
    meant
        what words of history mean that need no setting, by meaning
    formats
        how dates and numbers are written, as far as that leaves no doubt
    currencies
        those that values are in, if there are several
    settings, rules
        blocks of lines that could be switched on: before the tables of the file, and at its end
    near
        columns of leads and history that hold the same under two names
    """

    found: Found
    segment_by: list[str]
    outcomes: Outcomes
    guessed: tuple[str, ...]
    meant: Mapping[str, list[str]]
    formats: Formats
    currencies: list[str]
    settings: list[str]
    rules: list[str]
    near: list[tuple[str, str]]


def run_init(
    leads: Source,
    reps: Source | None = None,
    history: Source | None = None,
    output: Path = Path("policy.toml"),
    *,
    sheets: Sequence[str] = (),
    force: bool = False,
) -> Policy:
    """Do `leadopt policy init` and return the policy: read, propose, write, then say what to look at."""
    refuse_replacing(output, [source for source in (leads, reps, history) if source is not None])
    if output.exists() and not force:
        raise InvalidInput(f"{output}: is there already; name another file with -o, or let it be replaced with --force")
    files = {"leads": leads, "reps": reps, "history": history, "pins": None}
    read = read_tables(files, ("lead_id", "rep_id"), asked_sheets(sheets))
    tables: dict[Kind, Table] = {kind: table for kind in _KINDS if (table := read[kind]) is not None}
    names = {kind: table.place.file if table.place else shown(files[kind] or leads) for kind, table in tables.items()}
    tables, left_out = _without_footers(tables)
    proposal = propose(tables)
    text = policy_text(proposal, list(names.values()))
    policy = Policy.from_dict(tomllib.loads(text))
    write_bytes(output, text.encode())
    written = [str(output), *_write_schema(output.parent / SCHEMA_NAME)]
    for line in (*_columns_told(proposal, tables, names), *left_out):
        print(prose(line))
    if look := list(_to_look_at(proposal, tables)):
        print("\nLook at", *(prose(line, "  ") for line in look), sep="\n")
    print(f"\nWrote {' and '.join(written)}.")
    print(prose(_trial(leads, reps, history, output, sheets)))
    given = [shown(source) for source in (leads, reps) if source is not None]
    past = [] if history is None else ["--history", shown(history)]
    chosen = [word for sheet in sheets for word in ("--sheet", sheet)]
    print(f"Next: leadopt assign {shlex.join([*given, *past, *chosen, '--policy', str(output), '-o', 'plan.csv'])}")
    return policy


def propose(tables: Mapping[Kind, Table]) -> Proposal:
    """Return what a policy file for these tables would say."""
    formats = _formats(tables)
    found = find_columns(tables, formats)
    found.remarks.extend(_alike_remarks(tables, found))
    words = _outcome_words(tables, found)
    outcomes, guessed = propose_outcomes(words)
    found.remarks.extend(_one_sided(tables, found, outcomes))
    known = Outcomes()
    meant: dict[str, list[str]] = {meaning: [] for meaning in MEANINGS}
    for word in words:
        if (meaning := known.meaning(word)) is not None:
            meant[meaning].append(word)
    return Proposal(
        found=found,
        segment_by=segments(tables, found),
        outcomes=outcomes,
        guessed=guessed,
        meant=meant,
        formats=formats,
        currencies=_currencies(tables, found),
        settings=list(settings(tables, found)),
        rules=[*eligibility(tables, found), *limits(tables, found)],
        near=list(near_segments(tables, found)),
    )


def _one_sided(tables: Mapping[Kind, Table], found: Found, outcomes: Outcomes) -> Iterator[str]:
    """Yield that no outcome is lost, or none won: then nothing can be learned, or words are proposed wrongly."""
    header = found.columns["history"].get("converted") if "history" in tables else None
    levels = set() if header is None else set(tables["history"].levels(header)) - {None}
    meant = {outcomes.meaning(str(level)) for level in levels}
    for gone, there in (("lost", "won"), ("won", "lost")):
        if there in meant and gone not in meant:
            yield f'history: no outcome in "{header}" is {gone}, so nothing can be learned; see which words say so'


def _outcome_words(tables: Mapping[Kind, Table], found: Found) -> list[str]:
    """Return the texts in history's column of outcomes, in the order in which they come."""
    header = found.columns["history"].get("converted") if "history" in tables else None
    return [] if header is None else [text.strip() for text in tables["history"].texts(header) if text.strip()]


def _formats(tables: Mapping[Kind, Table]) -> Formats:
    """Return how dates and numbers are written where that leaves no doubt: one way for all tables, or by column.

    What one table's columns tell says nothing of another's: where one leaves doubt by itself, each column that tells
    is named.
    """
    ways = {kind: one.ways() for kind, one in tables.items()}
    return Formats(**{setting: _one_way({k: each[setting] for k, each in ways.items()}) for setting in _SETTINGS})


def _one_way(ways: Mapping[Kind, Mapping[str, str | None]]) -> str | dict[str, str] | None:
    told = {kind: {column: way for column, way in each.items() if way} for kind, each in ways.items()}
    distinct = {way for each in told.values() for way in each.values()}
    alone = any(each and len(set(told[kind].values())) != 1 for kind, each in ways.items())
    if len(distinct) == 1 and not alone:
        return distinct.pop()
    return {f"{kind}.{column}": way for kind, each in told.items() for column, way in each.items()} or None


def _alike_remarks(tables: Mapping[Kind, Table], found: Found) -> Iterator[str]:
    """Yield what a column that leaves doubt is read as, because the others of its table are."""
    for kind, one in tables.items():
        for setting, ways in one.ways().items():
            told = [(column, way) for column, way in ways.items() if way]
            for column in ways if len({way for _, way in told}) == 1 else ():
                if ways[column] is None and column in found.columns[kind].values():
                    other, way = told[0]
                    yield (
                        f'{kind}: "{column}" could be read in two ways, and is read like "{other}" '
                        f'([formats] {setting} = "{way}")'
                    )


def _currencies(tables: Mapping[Kind, Table], found: Found) -> list[str]:
    codes: dict[str, None] = {}
    for kind in tables:
        header = found.columns[kind].get("currency")
        if header is not None:
            codes |= {level: None for level in tables[kind].levels(header) if level is not None}
    return list(codes) if len(codes) > 1 else []


# The file


def policy_text(proposal: Proposal, names: Sequence[str]) -> str:
    """Return a policy file for tables of these names, with comments; what is not certain is switched off."""
    learned = "history" in proposal.found.columns
    blocks = [
        [
            FIRST_LINE,
            *comment(
                f"Proposed by leadopt policy init for {', '.join(names)}. Lines that begin with # are switched off."
            ),
        ],
        _segment_lines(proposal, learned),
        *map(off, proposal.settings),
        *_column_lines(proposal),
        _outcome_lines(proposal),
        _format_lines(proposal),
        _currency_lines(proposal),
        comment("Rules that these tables allow. Take the # away from the lines of one to switch it on."),
        *map(off, [*proposal.rules, _LATER, *([_NEWCOMERS] if knows_newcomers(proposal.found) else [])]),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _segment_lines(proposal: Proposal, learned: bool) -> list[str]:
    if not learned:
        return []
    head = comment("What the chance of a deal is estimated by: columns that leads and history share.")
    near = [
        line
        for mine, theirs in proposal.near
        for line in comment(f'"{mine}" of leads and "{theirs}" of history hold the same; give both one name to use it.')
    ]
    if not proposal.segment_by:
        return [*head, *near, *comment("There are none, so it is estimated by rep alone."), "segment_by = []"]
    return [*head, *near, f"segment_by = {listed(proposal.segment_by)}"]


def _column_lines(proposal: Proposal) -> Iterator[list[str]]:
    """Yield the lines of `[columns]`, and of what one table calls otherwise."""
    found = proposal.found
    settings = {name: (header, kinds) for name, header, kinds in found.shared() if getattr(_USUAL, name) != header}
    doubtful = [
        line
        for doubt in found.doubts
        if not doubt.kept
        for line in (*comment(doubt.why), f"# {doubt.name} = {quoted(doubt.header)}")
    ]
    if settings or doubtful:
        names = {name: quoted(header) for name, (header, _) in settings.items()}
        where = {name: ", ".join(kinds) for name, (_, kinds) in settings.items()}
        yield [
            *comment("What your tables call the columns that leadopt reads."),
            *table("columns", names, where),
            *doubtful,
        ]
    for kind in found.columns:
        if own := {name: quoted(header) for name, header in found.own(kind)}:
            yield [*comment(f"What {kind} alone calls otherwise."), *table(f"columns.{kind}", own)]


def _outcome_lines(proposal: Proposal) -> list[str]:
    lines = []
    for meaning in MEANINGS:
        if words := proposal.meant[meaning]:
            lines += comment(f"Known as {meaning}: {enumerate_some(words, _SHOWN)}.")
    settings = {name: listed(words) for name, words in proposal.outcomes.to_dict().items() if words}
    if not settings:
        return lines
    guesses = comment("These words are guesses. See that each stands where it belongs.")
    return [*lines, *guesses, *table("outcomes", settings)]


def _format_lines(proposal: Proposal) -> list[str]:
    doubts = [doubt for doubt in proposal.found.doubts if doubt.choices]
    ways = proposal.formats.to_dict()
    plain = {setting: quoted(way) for setting, way in ways.items() if isinstance(way, str)}
    lines = [*(table("formats", plain) if plain else []), *_choices("formats", doubts, head=not plain)]
    for setting, way in ways.items():
        if isinstance(way, dict):
            section = f"formats.{setting}"
            own = table(section, {column: quoted(each) for column, each in way.items()})
            lines += [*([""] if lines else []), *own, *_choices(section, doubts, head=False)]
    return [*comment("How dates and numbers are written."), *lines] if lines else []


def _choices(section: str, doubts: Sequence[Doubt], *, head: bool) -> list[str]:
    """Return the settings, switched off, of which somebody has to choose one, below their table's name."""
    doubts = [doubt for doubt in doubts if doubt.section == section]
    lines = [f"[{section}]"] if doubts and head else []
    for ways in dict.fromkeys(doubt.choices for doubt in doubts):
        said = [line for doubt in doubts if doubt.choices == ways for line in comment(f"{doubt.why}.")]
        lines += [*said, "# Take the # away from the line that is right:", *off("\n".join(ways))]
    return lines


def _currency_lines(proposal: Proposal) -> list[str]:
    if not proposal.currencies:
        return []
    rates = "\n".join(f"{code} = 1.0" for code in proposal.currencies)
    return [
        *comment("What one unit of each currency is worth. Values are in several: fill this in and switch it on."),
        *off(f"[currencies]\n{rates}"),
    ]


def _write_schema(path: Path) -> list[str]:
    """Write the schema beside a policy, unless another file has that name; return what was written."""
    text = schema_text()
    if path.exists() and not is_settings(path.read_text(encoding="utf-8", errors="replace")):
        return []
    write_bytes(path, text.encode())
    return [str(path)]


# The terminal


def _columns_told(proposal: Proposal, tables: Mapping[Kind, Table], names: Mapping[Kind, str]) -> Iterator[str]:
    """Yield a line for each table: what its columns were understood as."""
    rest = unread(tables, proposal.found, proposal.segment_by)
    for kind, one in tables.items():
        read = [
            header if header == name else f'"{header}" as {name}'
            for name, header in proposal.found.columns[kind].items()
        ]
        if kind != "reps" and proposal.segment_by:
            read.append(f"segments by {', '.join(proposal.segment_by)}")
        unknown = f". Not understood, and not used: {enumerate_some(rest[kind])}" if rest[kind] else ""
        told = ", ".join(read) or "no column understood"
        yield f"{names[kind]} ({kind}, {one.n_rows:,} rows): {told}{unknown}."


def _to_look_at(proposal: Proposal, tables: Mapping[Kind, Table]) -> Iterator[str]:
    """Yield what somebody who knows the tables should decide."""
    found = proposal.found
    for kind in tables:
        for name in NEEDED[kind]:
            if name not in found.columns[kind]:
                words = f"{listed_words(tables[kind])}" if name == "converted" else ""
                yield f"{kind}: no column looks like {name}, which it must have: name it under [columns.{kind}]{words}"
    yield from found.remarks
    yield from away_notes(tables["reps"], found.columns["reps"].values()) if "reps" in tables else ()
    for doubt in found.doubts:
        way = f"choose under [{doubt.section}]: {' or '.join(doubt.choices)}" if doubt.choices else "it is switched off"
        way = "mend the rows" if doubt.kept and not doubt.choices else way
        yield f'"{doubt.header}" looks like {doubt.name}, but {doubt.why}; {way}'
    if proposal.guessed:
        yield f"[outcomes] holds words that are guesses: {enumerate_some(proposal.guessed, _SHOWN)}"
    if proposal.currencies:
        yield f"values are in {' and '.join(proposal.currencies)}: fill in [currencies]"
    for mine, theirs in proposal.near:
        yield f'"{mine}" of leads and "{theirs}" of history hold the same: give both one name to learn by it'


def _without_footers(tables: dict[Kind, Table]) -> tuple[dict[Kind, Table], list[str]]:
    """Return tables without what is no row of theirs, which would make columns look like others, and notes."""
    columns, kept, notes = find_columns(tables, Formats()).columns, dict[Kind, Table](), list[str]()
    for kind, whole in tables.items():
        name = columns[kind].get("lead_id" if kind == "leads" else "rep_id")
        kept[kind], said = without_footer(whole, name or next(iter(whole.columns), ""))
        notes += said
    return kept, notes


def _trial(leads: Source, reps: Source | None, history: Source | None, policy: Path, sheets: Sequence[str]) -> str:
    """Return what `assign` makes of these tables with the policy, or why it refuses."""
    try:
        plan = plan_files(leads, reps, history, policy, time_limit_s=_TRIAL_S, sheets=sheets)
    except Infeasible as error:
        return f"With it there is no plan yet: {error}"
    except LeadoptError as error:
        return f"With it these tables cannot be read yet: {error}"
    return f"With it, {plan.summary()}."
