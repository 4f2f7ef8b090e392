"""What must always hold of a desk, each as a small function that finds the truth in another way than the desk does."""

from collections import Counter

from leadopt.desk.book.codec import encode
from leadopt.desk.book.events_of import envelope
from leadopt.desk.log.records import EMPTY, chained, head_after
from leadopt.lifecycle.book import KINDS, Where
from leadopt.lifecycle.credit import balance
from leadopt.lifecycle.due import deadline, due_of, timing
from leadopt.lifecycle.records import Credit, Message, Ownership, Rep
from tests.desk.truth import HELD, OPEN


def nothing_stood_in_the_way(watched):
    """2, 14, 16, 17, 32: no event gave a lead to who was barred, full, away or gone, or took one without notice."""
    assert not watched.truth.faults, watched.truth.faults


def one_stage_and_one_owner(watched):
    """1: the records say of each lead what its events say, and who owns it has the one ownership that lasts."""
    lasting = Counter()
    for one in watched.book.find(Ownership, Where()):
        if one.until is None:
            lasting[one.lead, one.rep] += 1
    held = {(lead.id, lead.owner): 1 for lead in watched.leads(*HELD)}
    assert lasting == held
    for lead in watched.leads():
        life = watched.truth.leads[lead.id]
        assert (lead.stage, lead.owner, lead.pool) == (life.stage, life.owner, life.pool), lead.id
        assert (lead.review.rep if lead.review else None) == life.proposed
        assert (lead.first_at, lead.last_at) == (life.first, life.last) or lead.stage in ("won", "lost")


def bars_are_kept(watched):
    """16, 26: refusals, complaints, cool-offs and withdrawn consents are those of the events, of copies too."""
    now = watched.truth.at
    for lead in watched.leads():
        life = watched.truth.leads[lead.id]
        assert (lead.refused_by, lead.complained_of) == (life.refused, life.complained), lead.id
        assert {rep: until for rep, until in lead.cooling.items() if until > now} == {
            rep: until for rep, until in life.cooling.items() if until > now
        }
        assert lead.no_contact == life.no_contact
        assert lead.returned == life.returned


def loads_are_counted(watched):
    """3, 31: open work is what is held and what is proposed, and nothing else takes a slot."""
    for rep in watched.book.find(Rep, Where()):
        held = sum(one.stage in HELD and one.owner == rep.id for one in watched.truth.leads.values())
        kept = sum(one.stage == "review" and one.proposed == rep.id for one in watched.truth.leads.values())
        assert (rep.open, rep.kept) == (held, kept)


def what_is_stored_is_what_is_decided(watched):
    """The records that changed are the same in the file and in memory."""
    with watched.desk._core.read() as snapshot:
        for kind, key in watched.changed:
            assert encode(snapshot.book.get(kind, key)) == encode(watched.book.get(kind, key)), (kind, key)


def all_that_is_stored_is_what_is_decided(watched):
    """The same for all records."""
    with watched.desk._core.read() as snapshot:
        for kind in KINDS:
            stored = list(map(encode, snapshot.book.find(kind, Where())))
            assert stored == list(map(encode, watched.book.find(kind, Where()))), kind


def tables_follow_from_the_log(watched):
    """4: dropped and made anew they are equal."""
    assert watched.desk.rebuild().ok


def the_chain_verifies(watched):
    """5."""
    assert watched.desk.verify().ok


def the_same_bytes_come_of_the_same_commands(watched):
    """7: what was decided in memory hashes to where the file's log ends."""
    head = EMPTY
    for record, (stamp, event) in zip(watched._log(), watched.book.log(), strict=True):
        made = chained(head, [envelope(stamp, event)], stamp.at)
        assert made[0] == record
        head = head_after(head, made)
    assert head.hash == watched.desk.checkpoint().hash


def credit_is_conserved(watched):
    """19: what all are owed, the house too, adds up to nothing."""
    now = watched.now
    for of in ("leads", "value", "hot"):
        owed = [balance(watched.book, one.rep, of, now) for one in watched.book.find(Credit, Where()) if one.of == of]
        assert abs(sum(owed)) < 1e-6, (of, owed)


def every_open_lead_has_a_next_moment(watched):
    """20: and the index never looks later than the formula says (12)."""
    now = watched.now
    for lead in watched.leads(*OPEN):
        due = due_of(watched.book, lead, now)
        assert due is not None, lead
        if due.what == "tell":
            assert due.at - max(now, lead.since) < 21 * 86_400_000_000
        else:
            assert lead.look_at is not None, (lead, due)
            assert lead.look_at <= due.at, (lead, due)
        if due.deadline is not None:
            assert lead.due_at is not None, (lead, due)
            assert lead.due_at <= due.deadline


def deadlines_follow_the_rules(watched):
    """12, 18: whatever the route, a deadline is the begin of the period and its length, without absences."""
    for lead in watched.leads(*HELD):
        expected = deadline_of(watched, lead.id)
        found = deadline(lead, timing(watched.book, lead, watched.now))
        assert found == expected, (lead, found, expected)


def deadline_of(watched, lead):
    """Return by when a lead is to be followed up, counted from its events."""
    return watched.truth.deadline(watched.truth.leads[lead], watched.now)


def what_is_shown_is_what_is_enforced(watched):
    """12, 22: queues show all leads of a pool, the oldest first, all reviews, and exactly what is overdue."""
    desk, truth, now = watched.desk, watched.truth, watched.now
    for pool in ("main", "east"):
        shown = desk.pool(pool)
        inside = [one for one in truth.leads.values() if one.stage == "pool" and one.pool == pool]
        assert len(shown) == shown.total == len(inside)
        assert [row["pooled_at"] for row in shown] == sorted(row["pooled_at"] for row in shown)
    assert len(desk.reviews()) == sum(one.stage == "review" for one in truth.leads.values())
    late = {lead: by for lead, one in truth.leads.items() if one.stage in HELD and (by := deadline_of(watched, lead))}
    late = {watched.called(lead) for lead, by in late.items() if by <= now}
    assert {row["lead"] for row in desk.overdue() if row["stage"] in HELD} == late


def messages_are_written_with_what_they_tell(watched):
    """30: each event that somebody should hear of has its messages, once."""
    found = sorted((one.seq, one.to, one.kind) for one in watched.book.find(Message, Where()))
    assert found == sorted(watched.truth.told)


def who_left_keeps_nothing(watched):
    """32."""
    for rep, person in watched.truth.reps.items():
        if person.left:
            assert not watched.truth.load(rep), rep


ALWAYS = (
    nothing_stood_in_the_way,
    one_stage_and_one_owner,
    bars_are_kept,
    loads_are_counted,
    what_is_stored_is_what_is_decided,
    credit_is_conserved,
    every_open_lead_has_a_next_moment,
    deadlines_follow_the_rules,
    messages_are_written_with_what_they_tell,
    who_left_keeps_nothing,
)
NOW_AND_THEN = (
    all_that_is_stored_is_what_is_decided,
    what_is_shown_is_what_is_enforced,
    the_chain_verifies,
    the_same_bytes_come_of_the_same_commands,
    tables_follow_from_the_log,
)
