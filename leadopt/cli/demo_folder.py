"""Folders of demos: what a demo wrote it may write again, unless somebody has changed it since."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadopt.errors import InvalidInput
from leadopt.tables.files import write_bytes

_WRITTEN_NAME = ".leadopt-demo.json"
_BEING_WRITTEN = "being written"  # in place of a fingerprint


def make_demo_folder(folder: Path, ours: Sequence[Path]) -> None:
    """Make the folder, or refuse one with files that no demo wrote, or that were changed since.

    From then on the files count as being written, until `remember`: a demo that was interrupted can be run again.
    """
    if folder.is_dir() and any(folder.iterdir()):
        written = _written(folder)
        if written is None:
            raise InvalidInput(f"{folder}: holds files that are not of the demo; name another folder with --folder")
        for path in ours:
            if path.exists() and written.get(path.name) not in (_fingerprint(path), _BEING_WRITTEN):
                raise InvalidInput(
                    f"{path}: was changed since the demo wrote it, and would be overwritten; name another folder with "
                    "--folder, or move or delete the file"
                )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{folder}: is no folder that can be made: {(error.strerror or 'unknown').lower()}"
        ) from None
    _note(folder, dict.fromkeys((path.name for path in ours), _BEING_WRITTEN))


def _written(folder: Path) -> dict[str, str] | None:
    """Return the fingerprints of the files that demos wrote last, None if they wrote none here."""
    try:
        told = json.loads((folder / _WRITTEN_NAME).read_text(encoding="utf-8"))
        return dict(told["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(folder: Path, paths: Sequence[Path]) -> None:
    """Keep the fingerprints of what was written, by which a change shows; those of other demos' files stay."""
    _note(folder, {path.name: _fingerprint(path) for path in paths if path.exists()})


def _note(folder: Path, fingerprints: Mapping[str, str]) -> None:
    files = {**(_written(folder) or {}), **fingerprints}
    told = {"what": "files as `leadopt demo` wrote them, so that it never overwrites what you change", "files": files}
    write_bytes(folder / _WRITTEN_NAME, f"{json.dumps(told, indent=1)}\n".encode())


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
