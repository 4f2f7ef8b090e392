"""Commands about leads: what feeds, reps and managers say and do."""

from typing import Annotated

import typer

from leadopt.cli.desk.asked import (
    BY,
    BY_REP,
    CLEAR,
    FEED,
    LEAD,
    LEADS,
    OCCURRED,
    OVERRIDE,
    REASON,
    REP,
    at_desk,
    moment,
    table_in,
    tell,
)

acts = typer.Typer()
_POOL = Annotated[str | None, typer.Option(help="To which pool.", show_default="as the rules say")]
_TO = Annotated[str, typer.Option(help="To which rep.")]
_UNTIL = Annotated[str, typer.Option(help="Until when, like 2027-01-31 or 2027-01-31T09:00+01:00.")]


@acts.command("receive")
def receive(
    ctx: typer.Context,
    leads: Annotated[str, typer.Argument(help="One row per lead: lead_id and what is known of it.")],
    feed: Annotated[str, typer.Option(help="The system whose ids these are, where several report leads.")] = "",
    key: Annotated[str | None, typer.Option(help="A text that makes asking twice harmless.")] = None,
    clear: CLEAR = None,
) -> None:
    """Take leads in; a known one is changed, and a copy of one is merged."""
    with at_desk(ctx) as desk:
        table = table_in(leads, "leads", (desk.policy().columns.lead_id,))
        tell(desk.receive(table, feed=feed, clear=clear or (), key=key))


@acts.command("follow-up")
def follow_up(
    ctx: typer.Context,
    leads: LEADS,
    by: BY = None,
    kind: Annotated[str, typer.Option(help="What was done: call, meeting, email, ...")] = "call",
    at: OCCURRED = None,
    feed: FEED = None,
) -> None:
    """Note that a rep did something about leads."""
    with at_desk(ctx) as desk:
        tell(desk.follow_up(leads, by=by, kind=kind, occurred_at=moment(at, "--at", desk), feed=feed))


@acts.command("complain")
def complain(
    ctx: typer.Context,
    leads: LEADS,
    rep: Annotated[str | None, typer.Option(help="Of whom.", show_default="the owner")] = None,
    by: BY = None,
    feed: FEED = None,
) -> None:
    """Note that a customer complains of a rep, who never gets that lead again."""
    with at_desk(ctx) as desk:
        tell(desk.complain(leads, rep=rep, by=by, feed=feed))


@acts.command("won")
def won(
    ctx: typer.Context,
    leads: LEADS,
    value: Annotated[float | None, typer.Option(help="For what.")] = None,
    rep: Annotated[str | None, typer.Option(help="By whom.", show_default="the owner")] = None,
    by: BY = None,
    at: OCCURRED = None,
    feed: FEED = None,
) -> None:
    """Note that leads were won."""
    with at_desk(ctx) as desk:
        tell(desk.won(leads, value=value, rep=rep, by=by, occurred_at=moment(at, "--at", desk), feed=feed))


@acts.command("lost")
def lost(
    ctx: typer.Context, leads: LEADS, reason: REASON = "lost", by: BY = None, at: OCCURRED = None, feed: FEED = None
) -> None:
    """Note that leads were lost."""
    with at_desk(ctx) as desk:
        tell(desk.lost(leads, reason=reason, by=by, occurred_at=moment(at, "--at", desk), feed=feed))


# ---- reps


@acts.command("claim")
def claim(ctx: typer.Context, leads: LEADS, by: BY_REP, feed: FEED = None) -> None:
    """Take leads out of a pool."""
    with at_desk(ctx) as desk:
        tell(desk.claim(leads, by=by, feed=feed))


@acts.command("refuse")
def refuse(ctx: typer.Context, leads: LEADS, by: BY_REP, reason: REASON, feed: FEED = None) -> None:
    """Turn leads down before the first follow-up; they never come back to that rep."""
    with at_desk(ctx) as desk:
        tell(desk.refuse(leads, by=by, reason=reason, feed=feed))


@acts.command("release")
def release(
    ctx: typer.Context, leads: LEADS, by: BY_REP, reason: REASON, pool: _POOL = None, feed: FEED = None
) -> None:
    """Give leads back to a pool."""
    with at_desk(ctx) as desk:
        tell(desk.release(leads, by=by, reason=reason, pool=pool, feed=feed))


# ---- managers


@acts.command("place")
def place(
    ctx: typer.Context,
    leads: Annotated[list[str] | None, typer.Argument(help="The leads.", show_default="all new ones")] = None,
) -> None:
    """Give leads to the reps to whom they are worth most now, without a plan."""
    with at_desk(ctx) as desk:
        tell(desk.place(leads or None))


@acts.command("approve")
def approve(
    ctx: typer.Context,
    leads: LEADS,
    to: Annotated[str | None, typer.Option(help="Another rep than the one proposed.")] = None,
    override: OVERRIDE = None,
    by: BY = None,
) -> None:
    """Agree with what a review proposes, or name another rep."""
    with at_desk(ctx) as desk:
        tell(desk.approve(leads, to=to, override=override, by=by))


@acts.command("decline")
def decline(ctx: typer.Context, leads: LEADS, reason: REASON, pool: _POOL = None, by: BY = None) -> None:
    """Turn a proposal down: the lead goes to a pool."""
    with at_desk(ctx) as desk:
        tell(desk.decline(leads, reason=reason, pool=pool, by=by))


@acts.command("assign")
def assign(ctx: typer.Context, leads: LEADS, to: _TO, override: OVERRIDE = None, by: BY = None) -> None:
    """Give leads that nobody owns to a rep."""
    with at_desk(ctx) as desk:
        tell(desk.assign(leads, to=to, override=override, by=by))


@acts.command("transfer")
def transfer(
    ctx: typer.Context, leads: LEADS, to: _TO, reason: REASON = "transfer", override: OVERRIDE = None, by: BY = None
) -> None:
    """Give leads of one rep to another."""
    with at_desk(ctx) as desk:
        tell(desk.transfer(leads, to=to, reason=reason, override=override, by=by))


@acts.command("relieve")
def relieve(
    ctx: typer.Context,
    rep: REP,
    most: Annotated[int | None, typer.Option(help="So many leads at most.", show_default="all")] = None,
    by: BY = None,
) -> None:
    """Take leads that are not followed up yet off a rep, as far as others have room."""
    with at_desk(ctx) as desk:
        tell(desk.relieve(rep, most=most, by=by))


@acts.command("park")
def park(ctx: typer.Context, leads: LEADS, until: _UNTIL, reason: REASON, by: BY = None) -> None:
    """Let leads rest until a moment: no route reaches them, and they come back by themselves."""
    with at_desk(ctx) as desk:
        tell(desk.park(leads, until=moment(until, "--until", desk), reason=reason, by=by))


@acts.command("unpark")
def unpark(ctx: typer.Context, leads: LEADS, by: BY = None) -> None:
    """Look at parked leads before their date."""
    with at_desk(ctx) as desk:
        tell(desk.unpark(leads, by=by))


@acts.command("protect")
def protect(ctx: typer.Context, leads: LEADS, until: _UNTIL, by: BY = None) -> None:
    """Keep leads from idle recall until a moment; the first follow-up is due all the same."""
    with at_desk(ctx) as desk:
        tell(desk.protect(leads, until=moment(until, "--until", desk), by=by))


@acts.command("merge")
def merge(
    ctx: typer.Context, lead: LEAD, into: Annotated[str, typer.Option(help="The lead that lives on.")], by: BY = None
) -> None:
    """Say that a lead is a copy of another one."""
    with at_desk(ctx) as desk:
        tell(desk.merge(lead, into=into, by=by))


@acts.command("close")
def close(ctx: typer.Context, leads: LEADS, reason: REASON, by: BY = None) -> None:
    """End leads without an outcome; who gave a bad one back has the credit back."""
    with at_desk(ctx) as desk:
        tell(desk.close_lead(leads, reason=reason, by=by))


@acts.command("reopen")
def reopen(ctx: typer.Context, leads: LEADS, by: BY = None) -> None:
    """Open leads again: back to their last owner, where that can be."""
    with at_desk(ctx) as desk:
        tell(desk.reopen(leads, by=by))


@acts.command("lift-bar")
def lift_bar(
    ctx: typer.Context, leads: LEADS, rep: Annotated[str, typer.Option(help="Which rep.")], by: BY = None
) -> None:
    """Let a rep have leads again that it refused, was complained of for, or cools off from."""
    with at_desk(ctx) as desk:
        tell(desk.lift_bar(leads, rep=rep, by=by))


@acts.command("to-pool")
def to_pool(ctx: typer.Context, leads: LEADS, pool: _POOL = None, by: BY = None) -> None:
    """Put leads that nobody owns into a pool."""
    with at_desk(ctx) as desk:
        tell(desk.to_pool(leads, pool=pool, by=by))


@acts.command("undo")
def undo(
    ctx: typer.Context,
    events: Annotated[list[int], typer.Argument(help="Sequence numbers of events, as `show` and `why` tell them.")],
    by: BY = None,
) -> None:
    """Take acts back, where nothing but messages happened to the lead since."""
    with at_desk(ctx) as desk:
        tell(desk.undo(events if len(events) > 1 else events[0], by=by))


@acts.command("adjust-credit")
def adjust_credit(
    ctx: typer.Context,
    rep: REP,
    amount: Annotated[float, typer.Option(help="How much more the rep is owed; below 0 = less.")],
    reason: REASON,
    of: Annotated[str, typer.Option(help="Of leads, value or hot.")] = "leads",
    by: BY = None,
) -> None:
    """Correct what a rep is owed, against the house."""
    with at_desk(ctx) as desk:
        tell(desk.adjust_credit(rep, amount=amount, reason=reason, of=of, by=by))
