"""Located tables as plain values for JSON, and back: how each class crosses follows from its annotations.

So a new field of ``Table`` crosses by itself, and one of a type that is not known here fails at once. Arrays of row
numbers travel beside the JSON as bytes: what the parent makes of an answer is never larger than the answer.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple

import numpy as np

from sscbtool.core.model import Table

Located = tuple[tuple[Table, ...], ...]
"""The tables of each sheet of a workbook, in the order of its sheets."""

INT32 = np.dtype("<i4")


class _Codec(NamedTuple):
    plain: Callable[[Any, list[bytes]], Any]
    """A value -> what JSON can hold; arrays are added to the list."""
    value: Callable[[Any, memoryview], Any]
    """The way back. ValueError or TypeError for what is not a value of the type."""


def plain_tables(located: Located) -> tuple[Any, bytes]:
    """The tables for JSON, and the bytes of their arrays."""
    arrays: list[bytes] = []
    return _codec(Located).plain(located, arrays), b"".join(arrays)


def tables_of(plain: Any, arrays: memoryview) -> Located:
    """The tables of ``plain_tables``. ValueError or TypeError for what cannot be any."""
    located: Located = _codec(Located).value(plain, arrays)
    return located


@cache
def _codec(kind: Any) -> _Codec:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind in (str, int, bool):
        return _Codec(lambda value, _: kind(value), lambda told, _: _exactly(kind, told))
    if kind is Decimal:
        return _Codec(lambda value, _: str(value), lambda told, _: _decimal(told))
    if origin is np.ndarray:
        return _Codec(_array_out, _array_back)
    if origin is tuple:
        return _every(parts[0]) if parts[-1] is Ellipsis else _each(parts, lambda *values: values, tuple)
    if origin is Mapping:
        pairs = _every(tuple[parts[0], parts[1]])  # type: ignore[valid-type]
        return _Codec(lambda value, arrays: pairs.plain(value.items(), arrays), lambda *told: dict(pairs.value(*told)))
    if origin in (typing.Union, UnionType) and parts[1:] == (NoneType,):
        return _optional(_codec(parts[0]))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _Codec(lambda value, _: str(value), lambda told, _: kind(told))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, localns={"np": np})  # core.model itself imports it for type checkers only
        names = [field.name for field in dataclasses.fields(kind)]
        return _each(
            tuple(hints[name] for name in names),
            typing.cast("type", kind),
            lambda value: [getattr(value, name) for name in names],
        )
    message = f"no way is known for {kind} to cross"
    raise NotImplementedError(message)


def _optional(inner: _Codec) -> _Codec:
    return _Codec(
        lambda value, arrays: None if value is None else inner.plain(value, arrays),
        lambda told, arrays: None if told is None else inner.value(told, arrays),
    )


def _every(kind: Any) -> _Codec:
    """A tuple of any length."""
    one = _codec(kind)
    return _Codec(
        lambda value, arrays: [one.plain(each, arrays) for each in value],
        lambda told, arrays: tuple([one.value(each, arrays) for each in _exactly(list, told)]),
    )


def _each(kinds: tuple[Any, ...], make: Callable[..., Any], parts_of: Callable[[Any], Any]) -> _Codec:
    """Something made of one value of each kind."""
    codecs = [_codec(kind) for kind in kinds]
    return _Codec(
        lambda value, arrays: [codec.plain(part, arrays) for codec, part in zip(codecs, parts_of(value), strict=True)],
        lambda told, arrays: make(
            *[codec.value(part, arrays) for codec, part in zip(codecs, _exactly(list, told), strict=True)]
        ),
    )


def _exactly(kind: type, told: Any) -> Any:
    if type(told) is not kind:
        raise TypeError(kind.__name__)
    return told


def _decimal(told: Any) -> Decimal:
    try:
        number = Decimal(_exactly(str, told))
    except InvalidOperation as error:
        raise ValueError("no number") from error
    if not number.is_finite():
        raise ValueError("no finite number")
    return number


def _array_out(value: Any, arrays: list[bytes]) -> list[int]:
    start = sum(map(len, arrays))
    arrays.append(np.ascontiguousarray(value, INT32).tobytes())
    return [start, len(value)]


def _array_back(told: Any, arrays: memoryview) -> Any:
    start, length = (_exactly(int, each) for each in _exactly(list, told))
    if start < 0 or length < 0:
        raise ValueError("an array out of its bounds")
    return np.frombuffer(arrays, INT32, length, start)
