"""Who may read and write what the program makes: the mode and group of the board's settings, whatever the umask."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from sscbtool.errors import BadConfiguration, CannotWrite

_SET_GROUP = 0o2000


@dataclass(frozen=True)
class Sharing:
    """What ``file_mode`` and ``group`` ask for; nobody but the owner unless said."""

    file_mode: int = 0o600
    group: str | None = None

    @property
    def folder_mode(self) -> int:
        """Those may enter a folder who may read its files, and add to it who may write them."""
        # What SQLite creates beside the catalogue gets the folder's group only if the folder hands it on.
        return 0o700 | self.file_mode | (self.file_mode & 0o444) >> 2 | (_SET_GROUP if self.group else 0)

    @property
    def secret_mode(self) -> int:
        """For what readers have no need of: the owner's, and the group's where the group may write."""
        return 0o600 | (0o060 if self.file_mode & 0o020 else 0)

    def give(self, path: Path, mode: int | None = None) -> None:
        """Set group and mode; a colleague's file that has them already is left alone, for only its owner may.

        Raises:
            BadConfiguration: the group is not known here.
            CannotWrite: whoever runs this is not a member of the group.
        """
        wanted = self.file_mode if mode is None else mode
        if self.group is not None and hasattr(os, "getuid"):
            try:
                if not _is_group(path, self.group):
                    shutil.chown(path, group=self.group)
            except LookupError:
                raise BadConfiguration(
                    f"The group {self.group!r} of the settings is not known here.", "Correct it in sscbtool.toml."
                ) from None
            except PermissionError:
                raise CannotWrite(
                    f"{path.name} could not be given to the group {self.group!r}.",
                    "Whoever runs this must be a member of that group.",
                ) from None
        if stat.S_IMODE(path.stat().st_mode) != wanted:
            path.chmod(wanted)

    def make_folder(self, path: Path) -> None:
        """Create a folder that those may enter who may read its files; leave an existing one as it is."""
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.give(path, self.folder_mode)


def _is_group(path: Path, group: str) -> bool:
    """Whether the file is the group's; LookupError where there is no such group."""
    import grp

    return path.stat().st_gid == grp.getgrnam(group).gr_gid
