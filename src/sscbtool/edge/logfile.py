"""The log of the machine, for whoever watches many programs: one JSON object a line (``--log-file``).

Each line is appended by opening the file anew, so that whatever rotates the system's logs may move it at any time.
What is written names commands, files, codes and counts; no line holds a cell's value.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sscbtool.errors import CannotWrite


@dataclass(frozen=True)
class LogFile:
    """Where a run writes its lines, and the name that they share."""

    path: Path
    run: str = field(default_factory=lambda: secrets.token_hex(6))

    def write(self, level: str, event: str, command: str, **facts: Any) -> None:
        """Append one line.

        Raises:
            CannotWrite: no permission, no space, or the folder is not there.
        """
        line = {
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "level": level,
            "event": event,
            "command": command,
            "run": self.run,
            "counts": {},
            **facts,
        }
        text = json.dumps(line, ensure_ascii=True, default=str) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, text.encode("ascii"))
            finally:
                os.close(handle)
        except OSError as fault:
            raise CannotWrite(
                f"The log {self.path} could not be written: {fault.strerror}.", "Give another place with --log-file."
            ) from None
