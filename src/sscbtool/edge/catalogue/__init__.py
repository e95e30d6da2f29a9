"""``schemas/`` -> schemas, organisations and figures; a bad file is refused by its name and key."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sscbtool.core.model import Catalogue, DocumentCheck, Figure, Organisation, ReturnSchema
from sscbtool.core.values import Period, parse_period
from sscbtool.edge.catalogue.refusing import refuse, text_of
from sscbtool.edge.catalogue.registers import (
    CHECK_FIELDS,
    FIGURE_FIELDS,
    checks_of,
    figures_of,
    organisations_of,
    register_text,
)
from sscbtool.edge.catalogue.returns import read_return, sound_references
from sscbtool.errors import BadConfiguration

__all__ = ["CHECK_FIELDS", "FIGURE_FIELDS", "built_in", "load_catalogue", "load_organisations", "register_text"]

CHECKS = "-checks"
"""How the file of a document's own checks ends: ``2018-19-checks.csv`` beside ``2018-19.csv``."""


def built_in(part: str) -> Path:
    """The folder ``schemas`` or ``sample_data`` that ships with the program."""
    packaged = Path(str(files("sscbtool"))) / "data" / part
    # An editable install has no copy inside the package: the checkout's own folder serves.
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[4] / part


def load_catalogue(folder: Path) -> Catalogue:
    """Every schema file, the organisations register and the published figures under ``folder``.

    Raises:
        BadConfiguration: the folder is missing, or a file in it cannot be used; the sentence names file and key.
    """
    if not (folder / "returns").is_dir():
        raise BadConfiguration(f"There are no schema files in {folder}.", "A schemas folder holds returns/*.yaml.")
    hashes: dict[str, str] = {}
    returns: dict[str, ReturnSchema] = {}
    for path in sorted((folder / "returns").glob("*.yaml")):
        schema = read_return(text_of(path, folder, hashes), path.relative_to(folder).as_posix())
        if schema.name in returns:
            refuse(schema.source, "name", f"{returns[schema.name].source} has the same name")
        returns[schema.name] = schema
    sound_references(returns)
    organisations = load_organisations(folder, hashes)
    figures: dict[str, tuple[Figure, ...]] = {}
    checks: dict[str, tuple[DocumentCheck, ...]] = {}
    paths = sorted((folder / "figures").glob("*.csv"), key=lambda path: (path.stem.endswith(CHECKS), path.name))
    for path in paths:
        period = parse_period(path.stem.removesuffix(CHECKS))
        source = path.relative_to(folder).as_posix()
        if not isinstance(period, Period) or period.quarter:
            refuse(source, "file name", "a figures register is named for its year, such as 2018-19.csv")
        text = text_of(path, folder, hashes)
        if path.stem.endswith(CHECKS):
            known = {figure.figure_id for figure in figures.get(str(period), ())}
            checks[str(period)] = tuple(checks_of(text, source, known))
        elif str(period) in figures:
            refuse(source, "file name", f"there is another register of {period} beside it")
        else:
            figures[str(period)] = figures_of(text, source, returns)
    return Catalogue(returns, organisations, figures, checks, hashes)


def load_organisations(folder: Path, hashes: dict[str, str] | None = None) -> tuple[Organisation, ...]:
    """The organisations register alone; empty where the board keeps none."""
    path = folder / "organisations.csv"
    return organisations_of(text_of(path, folder, {} if hashes is None else hashes)) if path.exists() else ()
