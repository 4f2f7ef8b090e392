"""What a command is answered: by random ids, as it is kept with the key of a request."""

from dataclasses import asdict, dataclass
from typing import Any

from leadopt.lifecycle.denied import Denied

DONE, UNCHANGED, CONFLICT, NOT_FOUND, DENIED = "done", "unchanged", "conflict", "not_found", "denied"
CODES = (DONE, UNCHANGED, CONFLICT, NOT_FOUND, DENIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command is answered.

    Parameters
    ----------
    code
        "done", "unchanged", "conflict", "not_found" or "denied"
    subject
        random id of the lead or rep that it was about; None = it is of nothing that the desk knows
    reason
        of what is not done, for programs: "full", "cooling", "embargo", ...; "" else
    seq
        the first event that it made happen; None = nothing happened
    sentence, remedy
        what happened or what stands in the way, and what mends that, by random ids
    until
        when what stands in the way is over by itself, in microseconds
    """

    code: str
    subject: str | None = None
    reason: str = ""
    seq: int | None = None
    sentence: str = ""
    remedy: str = ""
    until: int | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def denial(denied: Denied, subject: str | None = None) -> Answer:
    """Return what is answered to a command that is denied."""
    code = denied.code if denied.code in (CONFLICT, NOT_FOUND) else DENIED
    return Answer(
        code=code,
        subject=subject,
        reason=denied.code,
        sentence=_ended(denied.sentence),
        remedy=denied.remedy,
        until=denied.until,
    )


def _ended(sentence: str) -> str:
    """Return a sentence with its first letter large and a full stop."""
    text = sentence[:1].upper() + sentence[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."
