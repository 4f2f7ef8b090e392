"""What other processes do to a desk's file in tests; imported by them, so that they start in milliseconds."""

import multiprocessing
from itertools import count
from random import Random

from leadopt.desk.database.engine import open_engine
from leadopt.desk.desk import Desk
from leadopt.desk.log.moments import system_clock
from leadopt.desk.log.writer import Writer
from tests.desk.logs import event

PARTS = 3  # a work appends so many events, all or none of which are in the file later


def processes():
    """Return what starts processes of their own, forked from a server that has imported this; None = not here."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.desk.workers"])
    return context


def of_one_work(name, number):
    """Return a work that appends a few events, which name it and say which part they are."""
    events = [event(part, cause=None, request=f"{name}-{number}", body=b'{"part":%d}' % part) for part in range(PARTS)]
    return lambda transaction: transaction.append(*events)


def write_for_ever(url, name, acknowledged):
    """Write until killed, and tell every record once the writer has said that it is in."""
    import threading

    writer = Writer(open_engine(url), system_clock)

    def go(thread):
        number = 0
        while True:
            for record in writer.run(of_one_work(f"{name}-{thread}", number)):
                with told:
                    acknowledged.send_bytes(b"%d %b" % (record.seq, record.hash.hex().encode()))
            number += 1

    told = threading.Lock()
    threads = [threading.Thread(target=go, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()


def write_some(url, name, count, answers):
    """Write so many works, one after the other, and tell the seqs and hashes of all."""
    engine = open_engine(url)
    writer, told = Writer(engine, system_clock), []
    for number in range(count):
        told += [(record.seq, record.hash) for record in writer.run(of_one_work(name, number))]
    engine.dispose()
    answers.send(told)


def claim_all(url, rep, pool, answers):
    """Claim every lead of a pool for a rep, in an order of its own; tell the codes."""
    desk = Desk.open(url)
    order = list(pool)
    Random(rep).shuffle(order)
    for lead in order:
        got = desk.claim(lead, by=rep)
        answers.send((lead, got.code, got.reason))
    answers.send(None)
    desk.close()


def report_with_keys(url, now, lead, rep, count, acknowledged):
    """Report follow-ups with keys until killed, from the first key on, and tell each key once it is answered."""
    desk = Desk.open(url, clock=lambda: now)
    for number in range(count):
        got = desk.follow_up(lead, by=rep, key=f"k{number}")
        acknowledged.send((f"k{number}", got.seq))


LIVES = (  # what is asked of a lead, one after the other
    ("receive", "assign", "follow_up", "won"),
    ("receive", "assign", "follow_up", "transfer", "lost"),
    ("receive", "assign", "release", "claim", "follow_up"),
    ("receive", "assign", "refuse", "park", "unpark"),
    ("receive", "change", "assign", "complain", "close", "reopen"),
)
WHO = ("Ann", "Bo", "Cy")


def ask(desk, n, what):
    """Ask the same of a lead with the same key, from whichever process; nothing in it depends on what was before."""
    mine, other, key = WHO[n % 3], WHO[(n + 1) % 3], f"{n}-{what}"
    asked = {
        "receive": lambda: desk.receive({"lead_id": n, "email": f"n{n}@example.com"}, key=key)[0],
        "change": lambda: desk.receive({"lead_id": n, "account": f"A{n}"}, key=key)[0],
        "assign": lambda: desk.assign(n, to=mine, key=key),
        "follow_up": lambda: desk.follow_up(n, key=key),
        "won": lambda: desk.won(n, value=5.0, key=key),
        "lost": lambda: desk.lost(n, key=key),
        "transfer": lambda: desk.transfer(n, to=other, by="Mia", key=key),
        "release": lambda: desk.release(n, by=mine, reason="no_time", key=key),
        "claim": lambda: desk.claim(n, by=other, key=key),
        "refuse": lambda: desk.refuse(n, by=mine, reason="wrong_segment", key=key),
        "park": lambda: desk.park(n, until="2030-01-01", reason="not_now", key=key),
        "unpark": lambda: desk.unpark(n, key=key),
        "complain": lambda: desk.complain(n, rep=mine, key=key),
        "close": lambda: desk.close_lead(n, reason="spam", key=key),
        "reopen": lambda: desk.reopen(n, key=key),
    }
    return asked[what]()


def live_with_keys(url, now, first, acknowledged):
    """Let leads live until killed, from a number on, and tell each answer once it is there."""
    desk = Desk.open(url, clock=lambda: now)
    for n in count(first):
        for what in LIVES[n % len(LIVES)]:
            got = ask(desk, n, what)
            acknowledged.send((n, what, got.code, got.seq))
