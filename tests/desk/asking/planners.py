"""A process that is killed while it applies a plan; imported by it, so that it starts in milliseconds."""

import os
import signal

from leadopt.desk.asking import planning
from tests.desk.desks import again


def apply_and_be_killed(url, moment, after):
    """Make a plan, and be killed as the chunk with this number is about to be written."""
    from tests.desk.logs import SetClock

    planning.CHUNK = 3
    desk = again(_Known(url, SetClock(moment)))
    chunk, done = planning._chunk, []

    def counted(session, **told):
        done.append(chunk(session, **told))
        if len(done) > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return done[-1]

    planning._chunk = counted
    desk.apply(desk.plan())


def apply_and_tell(url, moment, told):
    """Make a plan, apply it lead by lead, and tell after each; until it is killed."""
    from tests.desk.logs import SetClock

    planning.CHUNK = 1
    desk = again(_Known(url, SetClock(moment)))
    chunk = planning._chunk

    def telling(session, **given):
        told.send("chunk")  # that before it is in the file
        return chunk(session, **given)

    planning._chunk = telling
    desk.apply(desk.plan())
    told.send("done")


class _Known:
    """What `again` asks of a desk that is open elsewhere."""

    def __init__(self, url, clock):
        self.clock = clock
        self._core = type("Core", (), {"engine": type("Engine", (), {"url": url})})
