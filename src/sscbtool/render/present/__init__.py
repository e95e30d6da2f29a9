"""Each command's result as one neutral report, in the order a reader needs it: verdict, evidence, what to do next.

Decides nothing: what agrees and what does not is in the result. Nothing here knows a width, a colour or a format.
"""

from __future__ import annotations

from sscbtool.core.model import Result
from sscbtool.render.present.check import check
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
from sscbtool.render.report import Report


def present(result: Result, *, show_values: bool = False) -> Report:
    """The report of a result.

    The result's catalogue gives returns, measures and organisations their names; without it their codes stand. With
    ``show_values`` names that no register knows are shown, and otherwise only counted. A command without words of its
    own here has its plain values shown as facts and tables.
    """
    match result.command:
        case "inspect":
            return inspect(result)
        case "validate":
            return validate(result)
        case "ingest":
            return ingest(result)
        case "reconcile":
            return reconcile(result)
        case "ledger":
            return ledger(result)
        case "signoff":
            return signoff(result)
        case "trace":
            return trace(result)
        case "proof":
            return proof(result)
        case "summary":
            return summary(result, show_values=show_values)
        case "check":
            return check(result)
        case "status" | "status nil" | "status extend":
            return status(result)
        case "history" | "history verify":
            return history(result)
        case _:
            return plain_values(result)
