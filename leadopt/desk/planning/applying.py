"""The commands that carry a plan out, lead by lead, in chunks that survive a crash."""

from collections.abc import Iterator

from leadopt.desk.planning.decisions import decisions_of
from leadopt.desk.planning.plans import DeskPlan, carried_by, certificate_of
from leadopt.lifecycle import commands

CHUNK = 500  # leads a transaction
SYSTEM = "system"


def start_of(plan: DeskPlan, by: str = SYSTEM, role: str = SYSTEM) -> commands.StartPlan:
    """Return the command that notes that a plan is about to be applied, with what it is worth and how sure that is."""
    facts = {
        "carried": carried_by(plan),
        "certificate": certificate_of(plan),
        "method": plan.method,
        "model": plan.model,
        "policy": plan.policy,
        "reps": len(plan.reps),
        "unit": plan.unit,
    }
    placed = int((plan.rep_of_lead >= 0).sum())
    return commands.StartPlan(by=by, role=role, plan=plan.id, leads=len(plan.leads), placed=placed, facts=facts)


def steps_of(plan: DeskPlan, by: str = SYSTEM, role: str = SYSTEM) -> Iterator[commands.ApplyPlanned]:
    """Yield one command a lead: each is denied by itself if the lead or the rep changed since the plan was made."""
    for one in decisions_of(plan):
        yield commands.ApplyPlanned(
            by=by,
            role=role,
            plan=plan.id,
            lead=one.lead,
            expect=one.version,
            rep=one.rep,
            decision=one.told,
            entitled=one.entitled,
            received=one.received,
            why=one.why,
        )
