"""Runs the program as a process, as its users do."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """What a process ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as the one JSON object it must be."""
        return json.loads(self.out)


def run(*arguments: object, cwd: Path = ROOT, **environment: str) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "sscbtool", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def sample() -> Path:
    return ROOT / "sample_data" / "2018-19"


@pytest.fixture(scope="session")
def faulty() -> Path:
    return ROOT / "sample_data" / "2018-19-with-faults"
