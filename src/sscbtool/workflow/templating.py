"""Which blank forms are wanted, for whom and for when; what is in them is ``render.template``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sscbtool.core.model import Catalogue, Outcome, Result
from sscbtool.core.organisations import Register
from sscbtool.edge.catalogue import load_catalogue
from sscbtool.edge.settings import Settings
from sscbtool.errors import BadUsage
from sscbtool.workflow.receiving import Request, asked_period, schemas_folder

SUFFIX = ".xlsx"


def template(request: Request) -> Result:
    """The forms that are asked for, each with where it goes.

    Raises:
        BadUsage: no such return or partner, or nothing to make.
    """
    catalogue = load_catalogue(schemas_folder(request.settings))
    register = Register(catalogue.organisations)
    partner = register.resolve(request.partner) if request.partner else None
    if request.partner and partner is None:
        hint = "Use its code, name or alias; see organisations.csv."
        raise BadUsage(f"There is no partner {request.partner!r} in the organisations register.", hint)
    period, remarks = asked_period(request)
    code = partner.code if partner else None
    if request.all_returns:
        names = _expected(catalogue, request.settings, code)
    elif request.return_name in catalogue.returns:
        names = (str(request.return_name),)
    else:
        hint = f"Known returns are {', '.join(catalogue.returns)}. All of a partner's: --all PARTNER"
        raise BadUsage(f"There is no return {request.return_name!r}.", hint)
    places = _places(names, request, code, str(period) if period else None)
    files = [
        {"return": name, "partner": code, "period": str(period) if period else None, "path": place.as_posix()}
        for name, place in places.items()
    ]
    told: dict[str, Any] = {"template": {"files": files}}
    return Result("template", str(period) if period else None, Outcome.CLEAN, extra=told, remarks=remarks,
                  catalogue=catalogue)  # fmt: skip


def _expected(catalogue: Catalogue, settings: Settings | None, partner: str | None) -> tuple[str, ...]:
    """What the settings expect of a partner; else the returns that it usually sends, else all."""
    register = Register(catalogue.organisations)
    senders = {schema.name: schema.sender for schema in catalogue.returns.values()}
    expected = [
        each.return_name
        for each in (settings.expected if settings else ())
        if (named := each.partner or senders.get(each.return_name))
        and (own := register.resolve(named))
        and own.code == partner
    ]
    if not expected:
        expected = [schema.name for schema in catalogue.returns.values() if partner and schema.sender == partner]
    return tuple(dict.fromkeys(name for name in expected or catalogue.returns if name in catalogue.returns))


def _places(names: Sequence[str], request: Request, partner: str | None, period: str | None) -> dict[str, Path]:
    """Where each form goes: the file that was named, or a name of its own in a folder."""
    target = Path(request.target) if request.target else None
    if target is not None and target.suffix and not target.is_dir():
        if target.suffix.lower() != SUFFIX:
            raise BadUsage(f"A form is a workbook, and {target.name} is not named as one.", "End it in .xlsx.")
        if request.all_returns:
            raise BadUsage("A set of forms is several files, and --output is one file.", "Give it a folder.")
        return {names[0]: target}
    folder = target or (Path(f"templates {partner}") if request.all_returns else Path())
    return {name: folder / f"{' '.join(filter(None, (name, partner, period)))}{SUFFIX}" for name in names}
