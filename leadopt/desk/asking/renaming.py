"""A rep is called otherwise from now on: leads, credit, absences and what was learned stay the rep's own."""

from dataclasses import replace
from typing import Any

from leadopt.desk.asking.asking import Who, actor, once, refused
from leadopt.desk.people import persons
from leadopt.desk.people.names import text_of, whole
from leadopt.desk.people.persons import REP, WHOLE, Person
from leadopt.desk.work.answers import DONE, UNCHANGED, Answer, denial
from leadopt.desk.work.results import Result, result_of
from leadopt.desk.work.session import Session
from leadopt.eligibility import ExcludeRule
from leadopt.errors import InvalidInput
from leadopt.lifecycle import commands
from leadopt.lifecycle.commands import ADMIN, ROLES
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.records import HOUSE
from leadopt.policy import Policy
from leadopt.tables.cells import as_id
from leadopt.tables.ids import alike

TAKEN = (HOUSE, *ROLES)  # accounts of credit, and who asks: no rep is called so


def renamed(session: Session, rep: Any, to: Any, who: Who) -> Result:
    """Call a rep otherwise; parameters as of `Desk.rename_rep`."""
    to = to.strip() if isinstance(to, str) else to
    if as_id(to) is None:
        raise InvalidInput(f"to: the id of a rep must be text or a whole number; found {to!r}")

    def work(key: str | None) -> Answer:
        try:
            return _rename(session, session.names.rep(rep), to, who, key)
        except Denied as denied:
            return denial(denied)

    answer = once(session, who, 0, ["rename_rep", text_of(rep), text_of(to)], work)
    return result_of(answer, session, as_id(rep))


def _rename(session: Session, rep: str, to: Any, who: Who, key: str | None) -> Answer:
    name, known = text_of(to), persons.by_id(session.connection, rep)
    if known is None:
        raise LookupError(rep)
    if name in TAKEN:
        return refused(f"to: no rep is called {name!r}, as the desk means something else by it; take another id")
    if any(one.id != rep for one in _so_called(session, name)):
        raise Denied("conflict", f"there is a rep {name!r} already", "take another id")
    policy = session.core.policy_of(session)
    after = _called(known, to, policy.columns.rep_id)
    if after.called == known.called:
        return Answer(code=UNCHANGED, subject=rep, sentence="It is so already: nothing was changed.")
    asks = actor(session, who, who.by, commands.RenameRep.roles, ADMIN)
    answer = session.answer(commands.RenameRep(rep=rep, key=key, **asks), rep)
    if answer.code != DONE:
        return answer
    session.names.rename(after)
    if not _is_named(policy, known.external):
        return answer
    told = "The policy in force has the old id: put one into force that has the new one."
    return replace(answer, sentence=f"{answer.sentence} {told}")


def _so_called(session: Session, name: str) -> list[Person]:
    """Return the reps who are called so, however it is written."""
    return [
        *persons.by_external(session.connection, REP, name),
        *persons.by_spelling(session.connection, REP, name),
    ]


def _called(one: Person, to: Any, column: str) -> Person:
    """Return a person as called otherwise, in the column of ids too."""
    cells = {name: cell for name, cell in one.data.items() if name != WHOLE}
    named = {column: as_id(to)} if column in cells else {}
    return replace(one, external=text_of(to), data={**cells, **named, **whole(to)})


def _is_named(policy: Policy, rep: str) -> bool:
    """Return whether a policy names a rep by id, in limits or in pairs that it excludes."""
    pairs = [rule.pairs for rule in policy.eligibility if isinstance(rule, ExcludeRule)]
    named = [one for found in pairs for _, one in found]
    named += [one for rule in policy.limit for one in (rule.reps if isinstance(rule.reps, tuple) else ())]
    return alike(rep) in {alike(text_of(one)) for one in named}
