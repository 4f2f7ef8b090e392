"""What reps do with their own leads and pools: traps that others fell into."""

from leadopt.lifecycle.stages import Stage
from tests.lifecycle.worlds import World


def test_giving_a_claimed_lead_back_refunds_no_claim():
    world = World(rules={"claim": {"embargo": 0, "per_day": 2}})
    leads = [world.pooled() for _ in range(3)]
    for lead in leads[:2]:
        world.do(world.by_rep("Claim", lead, "ann"))
        world.do(world.by_rep("Release", lead, "ann", reason="no_time"))
    assert world.denied(world.by_rep("Claim", leads[2], "ann")).code == "no_claims_left"
    world.wait("1 day").do(world.by_rep("Claim", leads[2], "ann"))
    assert world.owner(leads[2]) == "ann"


def test_claims_that_a_manager_has_yet_to_look_at_count_as_claims_of_the_day():
    """Any number could be asked for at once, and all be approved."""
    rules = {"claim": {"embargo": 0, "per_day": 2}, "review": [{"name": "key", "where": {"tier": "key"}}]}
    world = World(rules=rules)
    leads = [world.pooled(tier="key") for _ in range(3)]
    for lead in leads[:2]:
        world.do(world.by_rep("Claim", lead, "ann"))
        assert world.stage(lead) is Stage.REVIEW
    assert world.denied(world.by_rep("Claim", leads[2], "ann")).code == "no_claims_left"
    world.do(world.by_rep("Claim", leads[2], "bo"))
    world.do(world.manager("Approve", leads[0]))  # it counts once
    assert world.denied(world.by_rep("Claim", world.pooled(), "ann")).code == "no_claims_left"
    world.wait("1 day").do(world.by_rep("Claim", world.pooled(), "ann"))


def test_who_released_a_lead_cannot_claim_it_back_nor_can_the_owner_before():
    world = World()
    lead = world.held("ann")
    world.do(world.by_rep("Release", lead, "ann", reason="no_time"))
    world.do(world.by_rep("Claim", lead, "bo"))
    world.do(world.by_rep("Release", lead, "bo", reason="no_time"))
    assert [world.denied(world.by_rep("Claim", lead, rep)).code for rep in ("ann", "bo")] == ["cooling"] * 2
    assert world.stage(lead) is Stage.POOL


def test_what_a_rep_does_not_own_a_rep_does_not_give_back():
    world = World()
    lead = world.held("ann")
    for name in ("Refuse", "Release"):
        assert world.denied(world.by_rep(name, lead, "bo", reason="no_time")).code == "not_owner"
    world.follow_up(lead, "ann")
    assert world.denied(world.by_rep("Refuse", lead, "ann", reason="no_time")).remedy == "release it"


def test_a_pool_is_for_its_members():
    pools = [
        {"name": "main", "default": True},
        {"name": "east", "where": {"segment": "e"}, "members": {"teams": ["e"]}},
    ]
    world = World(rules={"pool": pools})
    world.rep("bo", team="e")
    lead = world.pooled(segment="e")
    assert world.denied(world.by_rep("Claim", lead, "ann")).code == "not_in_pool"
    world.do(world.by_rep("Claim", lead, "bo"))
    denied = world.denied(world.by_rep("Release", world.held("ann"), "ann", reason="no_time", pool="east"))
    assert denied.remedy == "pools of the rep: main"
