"""sscbtool: reconciles what partner agencies send with what a safeguarding board publishes.

The commands are functions too (``sscbtool.api``); they are imported when first asked for, so that importing the
package, as every start of the command line does, stays cheap.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "inspect", "ledger", "reconcile", "summary", "to_json", "validate"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("sscbtool.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
