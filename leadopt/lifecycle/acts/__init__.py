"""What each command does: one function a command, by who gives it. `ACTS` names them all."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle.acts import by_admin, by_feeds, by_managers, by_reps, by_system
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.draft import Draft

ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    **by_feeds.ACTS,
    **by_reps.ACTS,
    **by_managers.ACTS,
    **by_system.ACTS,
    **by_admin.ACTS,
}
