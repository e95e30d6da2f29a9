"""Lays out a board's folder: settings, schemas, a place for returns; with the sample year if asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sscbtool.edge.catalogue import built_in
from sscbtool.edge.settings import SETTINGS
from sscbtool.edge.workspace import copy_tree
from sscbtool.errors import BadUsage, CannotWrite

SETTINGS_TEXT = """\
# The settings of this board. Every line may be left out; what stands here is the default.

# period = "2018-19"          # the year judged, where --period does not say
returns = "returns"           # where partners' files are put: returns/<period>/<partner>/
schemas = "schemas"           # what is expected: returns, organisations, published figures
store = "store"               # what has been ingested

# file_mode = "0640"          # of the store and of reports, in octal
# group = "finance"           # who may read them besides

# [check]                     # what "sscbtool check" leaves behind
# reports = ["html", "xlsx"]  # or markdown, json, csv, table; none if left out
# folder = "reports"
# settle_seconds = 2          # how long a file that was just written is watched before it is read

# [[expected]]                # which returns are due; one such table for each rule
# partner = "LFB"             # a code of organisations.csv, or a list; left out: the return's usual sender
# return = "contributions"    # or a list
# every = "year"              # or "quarter"
# due = 30                    # days after the period's end; or a day, for one period: 2019-04-30
# from = "2018-19"            # the first period; left out: the last that has ended
# until = "2018-19"           # the last period; left out: for good

# [ledger]                    # how the council's ledger is to be read at the year's end
# own_authority = "LBS"       # whose ledger it is; its own share comes by journal
# income = "credit"           # or "debit": how the ledger writes income
# received_on = "posting"     # or "document", "clearing": the date that means received
# tolerance = "0.00"          # by how much a line may differ and still be settled
# [ledger.funds.SSCB]         # which codes belong to which fund; "A-12*" stands for all that begin so
# gl_accounts = []
# cost_centres = []
# wbs = []

# [limits]                    # what one file may cost before it is refused
# file_bytes = 52428800
# seconds = 10
"""


def lay_out(folder: Path, *, sample: bool) -> Iterator[str]:
    """Make the workspace; gives a line for each thing made. What stands there already is left alone.

    Raises:
        BadUsage: there is a workspace already.
        CannotWrite: the folder cannot be written to.
    """
    if (folder / SETTINGS).exists():
        raise BadUsage(f"There is a workspace in {folder} already.", "Choose another folder, or edit its settings.")
    try:
        (folder / "returns").mkdir(parents=True, exist_ok=True)
        schemas = list(copy_tree(built_in("schemas"), folder / "schemas"))
        samples = list(_samples(folder)) if sample else []
        (folder / SETTINGS).write_text(_sample_settings() if sample else SETTINGS_TEXT, encoding="utf-8")
    except OSError as fault:
        raise CannotWrite(f"{folder} cannot be written to: {fault.strerror}.", "Choose another folder.") from None
    yield f"Made {folder / SETTINGS}, {len(schemas)} schema files and an empty returns folder."
    if sample:
        yield f"Added the sample year: {len(samples)} files under {folder / 'returns'}."
        yield f"Try: sscbtool --workspace {folder} reconcile {folder / 'returns'} --period {_sample_period()}"
    else:
        yield f"Put partners' files under {folder / 'returns'} and try: sscbtool --workspace {folder} validate"


def _sample_settings() -> str:
    """The settings, with what the sample year's board says in them put before the comments."""
    said = (built_in("sample_data") / "settings.toml").read_text(encoding="utf-8")
    return f"{SETTINGS_TEXT.rstrip()}\n\n{said}"


def _sample_period() -> str:
    """The year of the sample that ships: the one folder of it without faults."""
    return next(p.name for p in sorted(built_in("sample_data").iterdir()) if p.is_dir() and "faults" not in p.name)


def _samples(folder: Path) -> Iterator[Path]:
    period = _sample_period()
    yield from copy_tree(built_in("sample_data") / period, folder / "returns" / period)
