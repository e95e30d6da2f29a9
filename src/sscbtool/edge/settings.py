"""What a board says of itself in ``sscbtool.toml``; every value checked, and a bad one named by its key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sscbtool.core.model import Limits
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
    }
    for key, value in said.items():
        if key not in known:
            raise _bad(key, f"the key is not known; known are {', '.join(sorted(known))}")
        if not isinstance(value, known[key]):
            raise _bad(key, f"{'text in quotes' if known[key] is str else 'a table'} is expected here")
    settings = Settings(folder, period=said.get("period") or None, group=said.get("group") or None)
    settings = replace(
        settings,
        returns=Path(said.get("returns", settings.returns)),
        schemas=Path(said.get("schemas", settings.schemas)),
        store=Path(said.get("store", settings.store)),
    )
    if "file_mode" in said:
        try:
            settings = replace(settings, file_mode=int(said["file_mode"], 8))
        except ValueError:
            raise _bad("file_mode", 'it is written in octal, such as "0640"') from None
    return replace(settings, limits=_limits(said.get("limits", {})), ledger=_ledger(said.get("ledger", {})))


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
