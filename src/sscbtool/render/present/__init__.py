"""Each command's result as one neutral report, in the order a reader needs it: verdict, evidence, what to do next.

Decides nothing: what agrees and what does not is in the result. Nothing here knows a width, a colour or a format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sscbtool.core.model import Result
from sscbtool.render.present.annotated import annotate
from sscbtool.render.present.board import board_in_short
from sscbtool.render.present.check import check
from sscbtool.render.present.diff import diff
from sscbtool.render.present.figures import reconcile, trace
from sscbtool.render.present.found import inspect
from sscbtool.render.present.history import history
from sscbtool.render.present.ledger import ledger
from sscbtool.render.present.measures import summary
from sscbtool.render.present.plain import plain_values
from sscbtool.render.present.proof import proof
from sscbtool.render.present.received import ingest, validate
from sscbtool.render.present.signing import signoff
from sscbtool.render.present.status import status
from sscbtool.render.present.upkeep import (
    deed,
    forms,
    organisations,
    recorded,
    registers,
    schemas,
    store_list,
    store_verify,
)
from sscbtool.render.report import Report

PRESENTERS: Mapping[str, Callable[[Result], Report]] = {
    "annotate": annotate,
    "inspect": inspect,
    "validate": validate,
    "ingest": ingest,
    "reconcile": reconcile,
    "report": board_in_short,
    "ledger": ledger,
    "signoff": signoff,
    "trace": trace,
    "proof": proof,
    "diff": diff,
    "check": check,
    "status": status,
    "status nil": status,
    "status extend": status,
    "history": history,
    "history verify": history,
    "template": forms,
    "organisations": organisations,
    "explain": recorded,
    "ledger match": recorded,
    "store list": store_list,
    "store verify": store_verify,
    "store backup": deed,
    "store restore": deed,
    "store forget": deed,
    "schemas list": schemas,
    "schemas show": schemas,
    "schemas measures": schemas,
    "schemas test": schemas,
    "figures list": registers,
    "figures roll": registers,
}
"""Command -> what shows its result; ``summary`` is shown by itself, since it may show values."""


def present(result: Result, *, show_values: bool = False) -> Report:
    """The report of a result.

    The result's catalogue gives returns, measures and organisations their names; without it their codes stand. With
    ``show_values`` names that no register knows are shown, and otherwise only counted. A command without words of its
    own here has its plain values shown as facts and tables.
    """
    if result.command == "summary":
        return summary(result, show_values=show_values)
    return PRESENTERS.get(result.command, plain_values)(result)
