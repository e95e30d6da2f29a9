"""The organisations register as a lookup: a typed name -> the one organisation it means, or none.

Matching is by code, name and alias after folding; nothing is merged by likeness. Names that only *look* like a
registered one (a Cyrillic letter among Latin ones) are told apart, so that they can be named as findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from sscbtool.core.model import Organisation
from sscbtool.core.values import fold, skeleton


class Register:
    """Organisations by any of their names."""

    def __init__(self, organisations: Iterable[Organisation]) -> None:
        self.organisations = tuple(organisations)

    @cached_property
    def _by_name(self) -> dict[str, Organisation]:
        return {
            fold(name): organisation
            for organisation in self.organisations
            for name in (organisation.code, organisation.name, *organisation.aliases)
        }

    @cached_property
    def _by_likeness(self) -> dict[str, Organisation]:
        return {skeleton(name): organisation for name, organisation in self._by_name.items()}

    @property
    def names(self) -> frozenset[str]:
        """Every registered name, folded."""
        return frozenset(self._by_name)

    def resolve(self, name: str) -> Organisation | None:
        """The organisation of that code, name or alias."""
        return self._by_name.get(fold(name))

    def looks_like(self, name: str) -> Organisation | None:
        """The organisation that an unregistered name imitates letter by letter in another script."""
        return None if self.resolve(name) else self._by_likeness.get(skeleton(name))

    def __contains__(self, name: object) -> bool:
        """Whether the name is registered."""
        return isinstance(name, str) and self.resolve(name) is not None
