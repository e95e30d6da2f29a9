"""References: what two spellings of an invoice number have in common, and the join of a ledger on it.

The join works on whole columns, so that a million lines against a million invoices take about a second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from sscbtool.core.ledger.inputs import Array, Invoices, Lines

pc: Any = pyarrow.compute
"""Its functions are made at run time, so that no type checker knows them."""

_PLAIN = re.compile(r"[A-Z0-9]+")
_TOKENS = re.compile(r"[A-Za-z0-9]+")
_FILLED = re.compile(r"([A-Z])0+([0-9])")
_NUMBERS = re.compile(r"[0-9]{4,}")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, eq=False)
class Join:
    """Receipts joined to what was expected by reference."""

    expected: Array
    """Of each receipt: the position of what it refers to, or -1."""
    received: Array
    """Of each thing expected: the pence that refer to it, int64."""
    difference: Array
    """``received`` less the pence expected."""


def join_references(expected: pa.Array, expected_pence: Array, received: pa.Array, received_pence: Array) -> Join:
    """Join receipts to expectations of the same reference key, and add up what each received.

    A key that several expectations share joins nothing: it does not say which is meant. Blank keys join nothing.
    """
    both = pa.chunked_array([expected, received], pa.string()).combine_chunks().dictionary_encode()
    codes = both.indices.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    wanted, came = codes[: len(expected)], codes[len(expected) :]
    position = np.full(len(both.dictionary) + 1, -1, dtype=np.int64)
    position[wanted] = np.arange(len(wanted))
    position[:-1][np.bincount(wanted, minlength=len(both.dictionary)) > 1] = -1
    position[both.dictionary.index("").as_py()] = -1
    positions = position[came]
    joined = positions >= 0
    sums = np.zeros(len(expected_pence), dtype=np.int64)
    np.add.at(sums, positions[joined], received_pence[joined])
    return Join(positions, sums, sums - expected_pence)


def reference_keys(texts: Array | pa.Array) -> pa.Array:
    """Each reference without case, punctuation, spaces and leading noughts: ``inv-00 12/18`` is ``INV001218``."""
    column = pa.array(texts, pa.string())
    if _are_keys(column):
        return column
    upper = pc.utf8_upper(column)
    return pc.replace_substring_regex(pc.replace_substring_regex(upper, r"[^A-Z0-9]+", ""), r"^0+", "")


_PLAIN_BYTES = np.isin(np.arange(256), np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", dtype=np.uint8))


def _are_keys(column: pa.Array) -> bool:
    """Whether every text is a key already, told from the bytes of all of them at once."""
    _, where, data = column.buffers()
    if not len(column) or data is None or column.null_count:
        return False
    starts = np.frombuffer(where, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    letters = np.frombuffer(data, dtype=np.uint8)[: starts[-1]]
    first = starts[:-1][starts[:-1] < starts[1:]]
    return bool(_PLAIN_BYTES[letters[starts[0] :]].all()) and not bool((letters[first] == ord("0")).any())


def keys_within(text: str, known: Container[str]) -> set[str]:
    """The known keys that stand in a text as a word, or as several words in a row."""
    words = [word.upper() for word in _TOKENS.findall(text)][:60]
    found: set[str] = set()
    for start in range(len(words)):
        joined = ""
        for word in words[start : start + 5]:
            joined += word
            key = joined.lstrip("0")
            found |= {each for each in (key, _FILLED.sub(r"\1\2", key)) if each in known}
    return {key for key in found if not any(key != other and key in other for other in found)}


def invoices_referred_to(invoices: Invoices, lines: Lines, closed: int) -> Array:
    """Of each line: the position of the one invoice that its reference or its words name, or -1.

    The whole reference counts before what stands within it, and a number as it is written before one without the
    noughts that fill it up (``INV-0012`` and ``INV 12``); a bare number of four digits or more counts only where the
    amount agrees.

    Args:
        invoices: of any year; a number that two of them share names neither.
        lines: the ledger.
        closed: the year in which the closed year starts; no year of its time is taken for an invoice.
    """
    positions = np.full(len(lines), -1, dtype=np.int64)
    if not len(invoices):
        return positions
    keys, references = reference_keys(invoices.number), reference_keys(lines.reference)
    loose = _loosened(keys)
    for wanted, came in ((keys, references), (loose, _loosened(references))):
        joined = join_references(wanted, invoices.pence, came, lines.pence)
        positions = np.where(positions < 0, joined.expected, positions)
    known = {**_told_apart(loose.to_pylist(), 3), **_told_apart(keys.to_pylist(), 3)}
    numbers = _told_apart([_last_number(str(each)) for each in invoices.number], 1)
    years = {str(closed + n) for n in range(-3, 4)}
    for k in np.flatnonzero(positions < 0):
        words = f"{lines.reference[k]} {lines.text[k]}"
        found = {known[key] for key in keys_within(words, known)}
        if not found:
            typed = {digits.lstrip("0") for digits in _NUMBERS.findall(words)} - years
            found = {numbers[each] for each in typed if each in numbers}
            found = {j for j in found if invoices.pence[j] == lines.pence[k]}
        if len(found) == 1:
            positions[k] = found.pop()
    return positions


def _loosened(keys: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(keys, _FILLED.pattern, r"\1\2")


def _told_apart(keys: list[str], least: int) -> dict[str, int]:
    """Keys of ``least`` characters or more, a digit among them, that are one invoice's alone -> its position."""
    once = Counter(keys)
    return {key: j for j, key in enumerate(keys) if len(key) >= least and once[key] == 1 and any(map(str.isdigit, key))}


def _last_number(reference: str) -> str:
    """The last number in a reference, without the noughts that fill it up."""
    found: list[str] = _DIGITS.findall(reference)
    return found[-1].lstrip("0") if found else ""


@lru_cache(maxsize=65_536)
def reference_key(text: str) -> str:
    """The key of one reference."""
    return "".join(_PLAIN.findall(text.upper())).lstrip("0")
