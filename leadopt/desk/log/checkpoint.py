"""A checkpoint: where a log ended, in one line that is kept elsewhere."""

import re
from dataclasses import dataclass

from leadopt.desk.log.records import GENESIS
from leadopt.errors import InvalidInput

_LINE = re.compile(r"leadopt:(\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Seq and hash of a record: whoever keeps it elsewhere sees whether the log up to there is still the same.

    Parameters
    ----------
    seq
        the record; 0 = before the first
    hash
        its hash, 32 bytes

    Examples
    --------
    >>> Checkpoint.parse(str(Checkpoint(0, bytes(32)))).seq
    0
    """

    seq: int
    hash: bytes

    def __str__(self) -> str:
        """Return it as one line: ``leadopt:48213:71f2...``."""
        return f"leadopt:{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Return the checkpoint that a line spells; blanks around it and capitals do not matter.

        Raises
        ------
        InvalidInput
            it is none
        """
        found = _LINE.fullmatch(text.strip().lower())
        if found is None:
            raise InvalidInput(
                f"{text.strip()[:90]!r} is no checkpoint: it is written leadopt:<seq>:<64 hexadecimal digits>, "
                "as `checkpoint` prints it"
            )
        checkpoint = cls(int(found[1]), bytes.fromhex(found[2]))
        if (checkpoint.seq == 0) != (checkpoint.hash == GENESIS):
            raise InvalidInput(f"{text.strip()!r} is no checkpoint: record 0, before the first, has the hash 000...")
        return checkpoint
