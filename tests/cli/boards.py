"""A small board of invented returns, for commands that work on a workspace."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.cli.conftest import Ran, run

EXPECTS = """
[check]
settle_seconds = 0.5
[[expected]]
partner = ["LFB", "CCG"]
return = "contributions"
due = 30
from = "2018-19"
until = "2018-19"
"""
CANARY = "Zebedee-Canary-4711"
"""A value that is in cells and must be nowhere else."""


@cache
def _made() -> Path:
    """What ``init`` makes, but for the register of figures: made once, copied for each test."""
    folder = Path(tempfile.mkdtemp(prefix="sscbtool-board-")) / "board"
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    assert run("init", folder).code == 0
    shutil.rmtree(folder / "schemas" / "figures")
    return folder


class Board:
    """A workspace in ``folder`` that expects contributions of two partners, without a register of figures."""

    def __init__(self, folder: Path, settings: str = EXPECTS) -> None:
        self.folder = folder
        shutil.copytree(_made(), folder)
        with (folder / "sscbtool.toml").open("a", encoding="utf-8") as file:
            file.write(settings)

    def put(self, partner: str, *rows: str, name: str = "payments.csv", year: str = "2018-19") -> Path:
        path = self.folder / "returns" / year / partner / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(("Contribution,Total,Date received", *rows, "")), encoding="utf-8")
        return path

    def put_both(self) -> None:
        self.put("LFB", "London Fire Brigade,500.00,01/05/2018")
        self.put("CCG", "Southwark CCG,60000.00,01/06/2018")

    def __call__(self, *arguments: object, **environment: str) -> Ran:
        return run("--workspace", self.folder, *arguments, **environment)

    @property
    def files(self) -> dict[str, bytes]:
        """Every file of the workspace and what it holds, but for the shared memory by which SQLite's readers agree."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}
