"""The stages of a lead as a picture, drawn from the table of transitions, so that docs and code cannot differ."""

from collections import defaultdict

from leadopt.lifecycle.stages import ENDED, OPEN, TRANSITIONS, Stage

_WIDE = 5  # a transition from at least so many stages is drawn from the frame of all open ones


def mermaid() -> str:
    """Return the diagram of all stages in Mermaid's language: an arrow for each way, with the events that go it.

    What leaves a lead at its stage is no arrow. What may come at nearly every open stage is drawn once, from the frame
    around them.

    Examples
    --------
    >>> mermaid().splitlines()[0]
    'stateDiagram-v2'
    """
    lines = ["stateDiagram-v2", "    state open {"]
    lines += [f"        {stage}" for stage in sorted(OPEN)]
    lines += ["    }"]
    lines += [f"    {begin} --> {end}: {', '.join(events)}" for (begin, end), events in sorted(_arrows().items())]
    return "\n".join(lines) + "\n"


def _arrows() -> dict[tuple[str, str], list[str]]:
    """Return the events of each way from one stage to another."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event, (begins, end) in TRANSITIONS.items():
        for begin in _drawn_from(begins, end):
            arrows[begin, str(end)].append(event.replace("_", " "))
    return arrows


def _drawn_from(begins: frozenset[Stage], end: Stage | None) -> list[str]:
    if end is None:
        return []
    if not begins:
        return ["[*]"]
    leaving = begins - {end}
    if len(leaving & OPEN) < _WIDE:
        return sorted(leaving)
    return ["open", *sorted(leaving & ENDED)]
