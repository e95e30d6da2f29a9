"""What a board says of itself in ``sscbtool.toml``; every value checked, and a bad one named by its key."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sscbtool.core.due import Every, Expectation
from sscbtool.core.limits import Limits
from sscbtool.core.values import Period, parse_period
from sscbtool.edge.sharing import Sharing
from sscbtool.errors import BadConfiguration

SETTINGS = "sscbtool.toml"


@dataclass(frozen=True)
class FundCodes:
    """The codes of the ledger that belong to one fund; a code that ends in ``*`` stands for all that begin so."""

    gl_accounts: tuple[str, ...] = ()
    cost_centres: tuple[str, ...] = ()
    wbs: tuple[str, ...] = ()


@dataclass(frozen=True)
class LedgerSettings:
    """How the council's ledger is to be read: ``[ledger]``."""

    own_authority: str | None = None
    """Whose ledger it is; the ledger's usual sender unless said."""
    income: str = "credit"
    """Whether income stands as ``credit`` (below nought) or as ``debit``."""
    received_on: str = "posting"
    """Which date means received: ``posting``, ``document`` or ``clearing``."""
    tolerance: str = "0.00"
    window_days: int = 92
    """How long before and after the period money may come and still be the period's."""
    journals: tuple[str, ...] = ("SA",)
    credit_notes: tuple[str, ...] = ("DG", "KG")
    """Document types."""
    opening_balance: str | None = None
    closing_balance: str | None = None
    funds: Mapping[str, FundCodes] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSettings:
    """What ``check`` leaves behind and waits for: ``[check]``."""

    reports: tuple[str, ...] = ()
    """The formats in which each run's report is written."""
    folder: Path = Path("reports")
    settle_seconds: float = 2.0
    """How long a file that was written lately is watched before it is taken to be whole."""


@dataclass(frozen=True)
class Settings:
    """What ``sscbtool.toml`` says; every field has a sound default."""

    folder: Path
    period: str | None = None
    returns: Path = Path("returns")
    schemas: Path = Path("schemas")
    store: Path = Path("store")
    limits: Limits = field(default_factory=Limits)
    file_mode: int = 0o600
    group: str | None = None
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    check: CheckSettings = field(default_factory=CheckSettings)
    expected: tuple[Expectation, ...] = ()
    """The returns that partners must send, one table ``[[expected]]`` for each rule."""

    @property
    def sharing(self) -> Sharing:
        """Who may read and write what the program makes for this board."""
        return Sharing(self.file_mode, self.group)

    def path(self, which: Path) -> Path:
        """A folder of the settings, from the workspace's own."""
        return which if which.is_absolute() else self.folder / which


def find_workspace(stated: Path | None, start: Path) -> Settings | None:
    """The workspace stated, or the nearest folder upward with settings; None where there is none.

    Raises:
        BadConfiguration: a workspace was stated and has no settings, or the settings cannot be used.
    """
    if stated is not None:
        if not (stated / SETTINGS).is_file():
            raise BadConfiguration(f"There is no {SETTINGS} in {stated}.", f"Make one with: sscbtool init {stated}")
        return _settings(stated)
    for folder in (start, *start.parents):
        if (folder / SETTINGS).is_file():
            return _settings(folder)
    return None


def _settings(folder: Path) -> Settings:
    try:
        said = tomllib.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadConfiguration(f"The file {SETTINGS} cannot be used: {fault}.", "Mend it and run again.") from None
    known = {
        "period": str,
        "returns": str,
        "schemas": str,
        "store": str,
        "group": str,
        "file_mode": str,
        "limits": dict,
        "ledger": dict,
        "check": dict,
        "expected": list,
    }
    for key, value in said.items():
        if key not in known:
            raise _bad(key, f"the key is not known; known are {', '.join(sorted(known))}")
        if not isinstance(value, known[key]):
            raise _bad(key, f"{_EXPECTED_HERE[known[key]]} is expected here")
    settings = Settings(folder, period=said.get("period") or None, group=said.get("group") or None)
    settings = replace(
        settings,
        returns=Path(said.get("returns", settings.returns)),
        schemas=Path(said.get("schemas", settings.schemas)),
        store=Path(said.get("store", settings.store)),
    )
    if "file_mode" in said:
        settings = replace(settings, file_mode=_mode(said["file_mode"]))
    expected = tuple(each for number, table in enumerate(said.get("expected", ()), 1) for each in _rule(number, table))
    return replace(
        settings,
        limits=_limits(said.get("limits", {})),
        ledger=_ledger(said.get("ledger", {})),
        check=_check(said.get("check", {})),
        expected=expected,
    )


_EXPECTED_HERE: Mapping[type, str] = {
    str: "text in quotes",
    dict: "a table",
    list: "a table in double brackets, such as [[expected]],",
}
_REPORTS = ("html", "xlsx", "markdown", "json", "csv", "table")


def _check(said: Mapping[str, Any]) -> CheckSettings:
    """``[check]``."""
    checked = CheckSettings()
    for key, value in said.items():
        name = f"check.{key}"
        if key == "reports":
            if not isinstance(value, list) or not all(each in _REPORTS for each in value):
                raise _bad(name, f"a list of formats is expected here, out of {', '.join(_REPORTS)}")
            checked = replace(checked, reports=tuple(dict.fromkeys(value)))
        elif key == "folder":
            if not isinstance(value, str):
                raise _bad(name, "text in quotes is expected here")
            checked = replace(checked, folder=Path(value))
        elif key == "settle_seconds":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 600:
                raise _bad(name, "a number of seconds from 0 to 600 is expected here")
            checked = replace(checked, settle_seconds=float(value))
        else:
            raise _bad(
                name, f"the key is not known; known are {', '.join(each.name for each in fields(CheckSettings))}"
            )
    return checked


_RULE_KEYS = ("due", "every", "from", "partner", "return", "until")


def _rule(number: int, said: Any) -> Iterator[Expectation]:
    """One ``[[expected]]`` table: an expectation for each partner and return that it names."""
    name = f"expected {number}"
    for key in _table(name, said):
        if key not in _RULE_KEYS:
            raise _bad(f"{name}: {key}", f"the key is not known; known are {', '.join(_RULE_KEYS)}")
    returns, partners = _names(f"{name}: return", said.get("return")), _names(f"{name}: partner", said.get("partner"))
    if not returns:
        raise _bad(f"{name}: return", "the return that is expected must be named")
    try:
        every = Every(said.get("every", "year"))
    except ValueError:
        raise _bad(f"{name}: every", f"one of {', '.join(Every)} is expected here") from None
    first = _period(f"{name}: from", said.get("from"), every)
    last = _period(f"{name}: until", said.get("until"), every)
    if first and last and last < first:
        raise _bad(f"{name}: until", "it is before the first period")
    due = said.get("due", 30)
    if type(due) is dt.date:
        if first is None or last not in (None, first):
            raise _bad(f"{name}: due", "a day goes with one period: name it as from, or give a number of days")
        last = first
    elif isinstance(due, bool) or not isinstance(due, int) or not 0 <= due <= 3660:
        raise _bad(f"{name}: due", "days after the period's end (30), or a day (2019-04-30), are expected here")
    for return_name in returns:
        for partner in partners or (None,):
            yield Expectation(partner, return_name, every, due, first, last)


def _names(name: str, said: Any) -> tuple[str, ...]:
    """One name or a list of them; none where the key is left out."""
    names = () if said is None else (said,) if isinstance(said, str) else said
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) and each.strip() for each in names):
        raise _bad(name, "a name in quotes, or a list of them, is expected here")
    return tuple(names)


def _period(name: str, said: Any, every: Every) -> Period | None:
    """A year or a quarter as the rule's ``every`` asks; a year stands for its first quarter where it begins."""
    if said is None:
        return None
    period = parse_period(said) if isinstance(said, str) else None
    if not isinstance(period, Period):
        raise _bad(name, 'a period in quotes is expected here, such as "2018-19" or "2018-19 Q1"')
    if every is Every.YEAR and period.quarter:
        raise _bad(name, "a year is expected here, since the return is yearly")
    if every is Every.QUARTER and not period.quarter:
        return Period(period.year, 4 if name.endswith("until") else 1)
    return period


def _mode(text: str) -> int:
    """Who may read and write files, as octal text; never anybody's to write, and never a program."""
    if not re.fullmatch("0?[0-7]{3}", text):
        raise _bad("file_mode", 'it is written in octal, such as "0640"')
    mode = int(text, 8)
    if mode & 0o600 != 0o600 or mode & 0o113 or mode & 0o060 == 0o020:
        raise _bad(
            "file_mode", 'the owner reads and writes, the group may, others at most read: "0600", "0640", "0660"'
        )
    return mode


_LEDGER_CHOICES = {"income": ("credit", "debit"), "received_on": ("posting", "document", "clearing")}
_LEDGER_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{2})?")


def _ledger(said: Mapping[str, Any]) -> LedgerSettings:
    """``[ledger]`` and ``[ledger.funds.NAME]``, each value checked."""
    known = {each.name for each in fields(LedgerSettings)}
    exact: dict[str, Any] = {}
    for key, value in said.items():
        name = f"ledger.{key}"
        if key not in known:
            raise _bad(name, f"the key is not known; known are {', '.join(sorted(known))}")
        if key == "funds":
            exact[key] = {fund: _codes(f"{name}.{fund}", codes) for fund, codes in _table(name, value).items()}
        elif key in ("journals", "credit_notes"):
            exact[key] = _list(name, value)
        elif key == "window_days":
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise _bad(name, "a whole number of days is expected here")
            exact[key] = value
        elif not isinstance(value, str):
            raise _bad(name, "text in quotes is expected here")
        elif key in _LEDGER_CHOICES and value not in _LEDGER_CHOICES[key]:
            raise _bad(name, f"one of {', '.join(_LEDGER_CHOICES[key])} is expected here")
        elif key in ("tolerance", "opening_balance", "closing_balance") and not _LEDGER_AMOUNT.fullmatch(value):
            raise _bad(name, 'an amount in quotes is expected here, such as "0.05"')
        else:
            exact[key] = value
    return LedgerSettings(**exact)


def _codes(name: str, said: Any) -> FundCodes:
    known = {each.name for each in fields(FundCodes)}
    for key in _table(name, said):
        if key not in known:
            raise _bad(f"{name}.{key}", f"the key is not known; known are {', '.join(sorted(known))}")
    return FundCodes(**{key: _list(f"{name}.{key}", value) for key, value in said.items()})


def _table(name: str, said: Any) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _bad(name, "a table is expected here")
    return said


def _list(name: str, said: Any) -> tuple[str, ...]:
    if not isinstance(said, list) or not all(isinstance(each, str | int) for each in said):
        raise _bad(name, "a list of codes is expected here")
    return tuple(str(each) for each in said)


def _limits(said: Mapping[str, Any]) -> Limits:
    known = {each.name for each in fields(Limits)}
    for key, value in said.items():
        if key not in known:
            raise _bad(f"limits.{key}", f"the key is not known; known are {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise _bad(f"limits.{key}", "a number above nought is expected here")
    exact: dict[str, Any] = {key: float(value) if key == "seconds" else int(value) for key, value in said.items()}
    return Limits(**exact)


def _bad(key: str, why: str) -> BadConfiguration:
    return BadConfiguration(f"The file {SETTINGS} cannot be used: {key}: {why}.", "Mend it and run again.")
