"""The quick reader of worksheets whose XML is as plain as spreadsheet programs write it.

It finds tags by their brackets in whole chunks of the sheet's bytes, holds the order of tags, their attributes and
the text between them against a grammar, and reads values in bulk. Where anything is not of that grammar it gives up
(``NotPlain``), and the streaming parser of ``xlsx`` reads the sheet instead: it never reads what it has not checked.
Both give the same grid; a test holds them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa

from sscbtool.edge.readers.grid import indices, numbers_of, string_array
from sscbtool.edge.readers.xlsx_cells import LAST_COLUMN, LAST_ROW, Attributes, row_is_hidden

Numbers = np.ndarray[Any, Any]

CHUNK = 1 << 20
ROW_DIGITS = 7


class NotPlain(Exception):
    """The sheet's XML holds something that this reader does not know."""


# --------------------------------------------------------------------------- the grammar of tags


class Tag(IntEnum):
    """The tags that may stand in the cells of a plain sheet."""

    OTHER = 0
    ROW = 1
    EMPTY_ROW = 2
    ROW_END = 3
    CELL = 4
    EMPTY_CELL = 5
    CELL_END = 6
    VALUE = 7
    EMPTY_VALUE = 8
    VALUE_END = 9
    FORMULA = 10
    EMPTY_FORMULA = 11
    FORMULA_END = 12
    INLINE = 13
    INLINE_END = 14
    TEXT = 15
    EMPTY_TEXT = 16
    TEXT_END = 17


_AFTER_ROW = (Tag.ROW, Tag.EMPTY_ROW)
_AFTER_CELL = (Tag.CELL, Tag.EMPTY_CELL, Tag.ROW_END)
_AFTER_FORMULA = (Tag.VALUE, Tag.EMPTY_VALUE, Tag.CELL_END)
FOLLOWS: dict[Tag, tuple[Tag, ...]] = {
    Tag.ROW: _AFTER_CELL,
    Tag.EMPTY_ROW: _AFTER_ROW,
    Tag.ROW_END: _AFTER_ROW,
    Tag.CELL: (Tag.VALUE, Tag.EMPTY_VALUE, Tag.FORMULA, Tag.EMPTY_FORMULA, Tag.INLINE, Tag.CELL_END),
    Tag.EMPTY_CELL: _AFTER_CELL,
    Tag.CELL_END: _AFTER_CELL,
    Tag.VALUE: (Tag.VALUE_END,),
    Tag.EMPTY_VALUE: (Tag.CELL_END,),
    Tag.VALUE_END: (Tag.CELL_END,),
    Tag.FORMULA: (Tag.FORMULA_END,),
    Tag.EMPTY_FORMULA: _AFTER_FORMULA,
    Tag.FORMULA_END: _AFTER_FORMULA,
    Tag.INLINE: (Tag.TEXT, Tag.EMPTY_TEXT, Tag.INLINE_END),
    Tag.INLINE_END: (Tag.CELL_END,),
    Tag.TEXT: (Tag.TEXT_END,),
    Tag.EMPTY_TEXT: (Tag.INLINE_END,),
    Tag.TEXT_END: (Tag.INLINE_END,),
}
"""Which tags may come next; with the check that no text stands elsewhere, this is all of the grammar."""

OPENINGS = {
    b"ro": Tag.ROW,
    b"c ": Tag.CELL,
    b"v>": Tag.VALUE,
    b"v ": Tag.VALUE,
    b"v/": Tag.VALUE,
    b"f>": Tag.FORMULA,
    b"f ": Tag.FORMULA,
    b"f/": Tag.FORMULA,
    b"is": Tag.INLINE,
    b"t>": Tag.TEXT,
    b"t ": Tag.TEXT,
    b"t/": Tag.TEXT,
    b"/r": Tag.ROW_END,
    b"/c": Tag.CELL_END,
    b"/v": Tag.VALUE_END,
    b"/f": Tag.FORMULA_END,
    b"/i": Tag.INLINE_END,
    b"/t": Tag.TEXT_END,
}
"""Tags by the two bytes after their bracket."""
EXACT = {
    Tag.ROW_END: b"</row>",
    Tag.CELL_END: b"</c>",
    Tag.VALUE_END: b"</v>",
    Tag.FORMULA_END: b"</f>",
    Tag.INLINE: b"<is>",
    Tag.INLINE_END: b"</is>",
    Tag.TEXT_END: b"</t>",
}
"""Tags without attributes, whole."""
MAY_CLOSE = (Tag.ROW, Tag.CELL, Tag.VALUE, Tag.FORMULA, Tag.TEXT)
"""Tags that may be empty elements; the empty form is the next number."""


def _tables() -> tuple[Numbers, Numbers, Numbers, Numbers]:
    tags = np.zeros(1 << 16, np.uint8)
    for head, tag in OPENINGS.items():
        tags[head[0] << 8 | head[1]] = tag
    closed = np.zeros(len(Tag), np.uint8)
    for tag in MAY_CLOSE:
        closed[tag] = tag + 1
    lengths = np.zeros(len(Tag), np.int64)
    for tag, whole in EXACT.items():
        lengths[tag] = len(whole) - 1
    follows = np.zeros((len(Tag), len(Tag)), bool)
    for tag, after in FOLLOWS.items():
        follows[tag, list(after)] = True
    return tags, closed, lengths, follows.ravel()


TAGS, CLOSED, LENGTHS, MAY_FOLLOW = _tables()
HOLDS_TEXT = np.isin(np.arange(len(Tag)), (Tag.VALUE, Tag.FORMULA, Tag.TEXT))
HAS_WORDS = np.isin(
    np.arange(len(Tag)),
    (Tag.VALUE, Tag.EMPTY_VALUE, Tag.FORMULA, Tag.EMPTY_FORMULA, Tag.TEXT, Tag.EMPTY_TEXT),
)
"""Tags of one letter that may have attributes, none of which this reader needs."""

ATTRIBUTE = re.compile(rb' ([A-Za-z_][A-Za-z0-9_.-]*(?::[A-Za-z_][A-Za-z0-9_.-]*)?)="([^"&<>\t\n]*)"')
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
NUMBERED = re.compile("&#(x[0-9A-Fa-f]{1,6}|[0-9]{1,7});")
REFERENCE = re.compile("&(?:amp|lt|gt|quot|apos|#(x[0-9A-Fa-f]{1,6}|[0-9]{1,7}));")


def attributes_of(tail: bytes) -> Attributes:
    """The attributes of a tag from what stands after its name (or after an attribute already read)."""
    found: Attributes = {}
    position = 0
    while position < len(tail):
        match = ATTRIBUTE.match(tail, position)
        if match is None:
            raise NotPlain
        name = match[1].decode("ascii")
        if name in found:
            raise NotPlain
        found[name] = _decoded(match[2])
        position = match.end()
    return found


def _decoded(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise NotPlain from error
    return text


def plain_characters(content: bytes) -> bytes:
    """The bytes with line ends as XML reads them. NotPlain for bytes or references that XML does not allow."""
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    controls = np.frombuffer(content, np.uint8)
    controls = controls[controls < ord(" ")]
    if len(controls) and not np.isin(controls, (ord("\t"), ord("\n"))).all():
        raise NotPlain
    if not content.isascii():
        text = _decoded(content)
        if "\ufffe" in text or "\uffff" in text:
            raise NotPlain
    marks = content.count(b"&")
    if marks:
        numbered = NUMBERED.findall(content.decode())
        if marks != sum(content.count(entity.encode()) for entity in ENTITIES) + len(numbered):
            raise NotPlain
        if not all(_allowed(_character(number)) for number in numbered):
            raise NotPlain
    return content


def _character(number: str) -> int:
    return int(number[1:], 16) if number[0] == "x" else int(number)


def _allowed(code: int) -> bool:
    """Whether XML allows the character."""
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000


def without_entities(text: str) -> str:
    """Text with the five entities and references by number replaced."""
    if "&" not in text:
        return text
    return REFERENCE.sub(lambda found: ENTITIES.get(found[0]) or chr(_character(found[1])), text)


# --------------------------------------------------------------------------- one chunk of whole rows


@dataclass(frozen=True)
class Chunk:
    """The tags of one run of whole rows, checked against the grammar."""

    buffer: pa.Buffer
    content: Numbers
    tags: Numbers
    starts: Numbers
    """Place of each tag's ``<``."""
    ends: Numbers
    """Place of each tag's ``>``."""

    def between(self, starts: Numbers, ends: Numbers) -> pa.Array:
        """The stretches of content from each start to before each end, ascending and apart, as strings."""
        count = len(starts)
        if not count:
            return string_array([])
        offsets = np.empty(2 * count, np.int32)
        offsets[0::2], offsets[1::2] = starts, ends
        stretches = pa.StringArray.from_buffers(2 * count - 1, pa.py_buffer(offsets), self.buffer)
        return stretches.take(indices(np.arange(0, 2 * count - 1, 2)))

    def tails(self, which: Numbers, starts: Numbers) -> tuple[Numbers, list[bytes]]:
        """What stands from ``starts`` to the end of the tags ``which``: an index for each, and the distinct tails."""
        ends = self.ends.take(which)
        coded = self.between(starts, ends - (self.content.take(ends - 1) == ord("/"))).dictionary_encode()
        return numbers_of(coded.indices), [tail.encode() for tail in coded.dictionary.to_pylist()]


def chunks(content: bytes, begin: int, end: int) -> Iterator[bytes]:
    """The rows between two places, cut after row ends."""
    while begin < end:
        cut = content.find(b"</row>", min(begin + CHUNK, end), end)
        cut = end if cut < 0 else cut + len(b"</row>")
        yield content[begin:cut]
        begin = cut


def tagged(content: bytes) -> Chunk:
    """The tags of ``content``. NotPlain unless they are whole rows of the grammar and nothing else."""
    content = plain_characters(content)
    data = np.frombuffer(content, np.uint8)
    brackets = np.flatnonzero((data & 0xFD) == ord("<"))
    starts, ends = brackets[0::2], brackets[1::2]
    if len(starts) != len(ends) or not len(starts) or starts[0] != 0 or ends[-1] != len(data) - 1:
        raise NotPlain
    if (data.take(starts) != ord("<")).any() or (data.take(ends) != ord(">")).any():
        raise NotPlain
    lengths = ends - starts
    if (lengths < 2).any():
        raise NotPlain
    heads = (data.take(starts + 1).astype(np.uint16) << 8) | data.take(starts + 2)
    tags = TAGS.take(heads)
    closing = np.flatnonzero(data.take(ends - 1) == ord("/"))
    tags[closing] = CLOSED.take(tags[closing])
    texts = np.flatnonzero(starts[1:] - ends[:-1] != 1)
    exact = LENGTHS.take(tags)
    if (
        tags[0] not in _AFTER_ROW
        or tags[-1] not in (Tag.ROW_END, Tag.EMPTY_ROW)
        or not MAY_FOLLOW.take(tags[:-1].astype(np.uint16) * len(Tag) + tags[1:]).all()
        or not HOLDS_TEXT.take(tags[texts]).all()
        or ((exact != lengths) & (exact != 0)).any()
    ):
        raise NotPlain
    chunk = Chunk(pa.py_buffer(content), data, tags, starts, ends)
    _check_spelling(chunk)
    return chunk


def _check_spelling(chunk: Chunk) -> None:
    """The bytes of tags that two letters and a length do not settle."""
    data = chunk.content
    for tag, whole in ((Tag.ROW_END, b"</row>"), (Tag.INLINE, b"<is>"), (Tag.INLINE_END, b"</is>")):
        places = chunk.starts[chunk.tags == tag]
        for offset in range(3, len(whole) - 1):
            if (data.take(places + offset) != whole[offset]).any():
                raise NotPlain
    worded = np.flatnonzero(HAS_WORDS.take(chunk.tags) & (chunk.ends - chunk.starts > len("<v")))
    if len(worded):
        for tail in chunk.tails(worded, chunk.starts[worded] + len("<v"))[1]:
            attributes_of(tail)


def _spelled(data: Numbers, places: Numbers, letters: bytes) -> bool:
    return all(bool((data.take(places + offset) == letter).all()) for offset, letter in enumerate(letters))


@dataclass(frozen=True)
class Rows:
    """The rows of a chunk."""

    tags: Numbers
    numbers: Numbers
    digits: Numbers
    """How many digits each number has."""
    hidden: list[int]


def rows_of(chunk: Chunk, hides: HidesRow) -> Rows:
    """The rows by their stated numbers, which must ascend."""
    data = chunk.content
    tags = np.flatnonzero((chunk.tags == Tag.ROW) | (chunk.tags == Tag.EMPTY_ROW))
    starts = chunk.starts.take(tags)
    if (chunk.ends.take(tags) - starts < len('<row r="1"')).any() or not _spelled(data, starts, b'<row r="'):
        raise NotPlain
    place = starts + len('<row r="')
    numbers = np.zeros(len(tags), np.int64)
    digits = np.zeros(len(tags), np.int64)
    going = np.ones(len(tags), bool)
    for offset in range(ROW_DIGITS + 1):
        digit = data.take(place + offset, mode="clip") - np.uint8(48)
        going = going & (digit < 10)
        if not going.any():
            break
        numbers = np.where(going, numbers * 10 + digit, numbers)
        digits += going
    if (
        (digits == 0).any()
        or (digits > ROW_DIGITS).any()
        or (data[place] == ord("0")).any()
        or (data[place + digits] != ord('"')).any()
        or (np.diff(numbers) <= 0).any()
        or int(numbers[-1]) > LAST_ROW
    ):
        raise NotPlain
    index, tails = chunk.tails(tags, place + digits + 1)
    hiding = np.array([hides.by_tail(tail) for tail in tails])
    return Rows(tags, numbers, digits, numbers[hiding[index]].tolist() if hiding.any() else [])


class HidesRow:
    """Whether a row tag's attributes hide the row, each wording worked out once."""

    def __init__(self) -> None:
        self._known: dict[bytes, bool] = {}

    def by_tail(self, tail: bytes) -> bool:
        """Whether a row tag that ends so is hidden. NotPlain where that cannot be told."""
        known = self._known.get(tail)
        if known is None:
            attributes = attributes_of(tail)
            if "r" in attributes:
                raise NotPlain
            known = self._known[tail] = row_is_hidden(attributes)
        return known


@dataclass(frozen=True)
class Cells:
    """The cells of a chunk, in order."""

    rows: Numbers
    """Index into the chunk's rows."""
    columns: Numbers
    wordings: Numbers
    """Index into ``tails``."""
    tails: list[bytes]
    values: Numbers
    """The tag whose text is the value; 0 where there is none (no value is a chunk's first tag)."""
    formulas: Numbers
    """Whether there is a formula."""
    stored: Numbers
    """Whether there is a value element at all, be it empty."""
    inline: Numbers
    """Whether the value is inline text."""


def cells_of(chunk: Chunk, rows: Rows) -> Cells:
    """The cells of all rows, at their stated places, which must ascend."""
    data, tags = chunk.content, chunk.tags
    which = np.flatnonzero((tags == Tag.CELL) | (tags == Tag.EMPTY_CELL))
    starts = chunk.starts.take(which)
    if (chunk.ends.take(which) - starts < len('<c r="A1"')).any() or not _spelled(data, starts, b'<c r="'):
        raise NotPlain
    bounds = np.append(np.searchsorted(which, rows.tags), len(which))
    row = np.repeat(np.arange(len(rows.tags)), np.diff(bounds))
    columns, place = _column_numbers(data, starts + len('<c r="'))
    place = _after_row_number(data, place, rows.numbers.take(row), rows.digits.take(row))
    if ((row[1:] == row[:-1]) & (columns[1:] <= columns[:-1])).any():
        raise NotPlain
    index, tails = chunk.tails(which, place)
    content = tags.take(which + 1)
    content[tags.take(which) == Tag.EMPTY_CELL] = Tag.OTHER
    formulas = (content == Tag.FORMULA) | (content == Tag.EMPTY_FORMULA)
    inline = content == Tag.INLINE
    first = which + 1
    if formulas.any():
        first = first + np.where(content == Tag.FORMULA, 2, formulas)
        content = np.where(formulas, tags.take(first), content)
    if inline.any():
        first = first + inline
        content = np.where(inline, tags.take(first), content)
    holding = (content == Tag.VALUE) | (content == Tag.TEXT)
    return Cells(
        rows=row,
        columns=columns,
        wordings=index,
        tails=tails,
        values=np.where(holding, first, 0),
        formulas=formulas,
        stored=holding | (content == Tag.EMPTY_VALUE),
        inline=inline,
    )


def _column_numbers(data: Numbers, place: Numbers) -> tuple[Numbers, Numbers]:
    """The column that one to three capitals name at each place, and the place after them."""
    number = data.take(place).astype(np.int64) - 64
    if ((number < 1) | (number > 26)).any():
        raise NotPlain
    place = place + 1
    more = np.ones(len(place), bool)
    for _ in range(2):
        letter = data.take(place, mode="clip").astype(np.int64) - 64
        more = more & (letter >= 1) & (letter <= 26)
        if not more.any():
            break
        number = np.where(more, number * 26 + letter, number)
        place = place + more
    if (number > LAST_COLUMN).any():
        raise NotPlain
    return number, place


def _after_row_number(data: Numbers, place: Numbers, numbers: Numbers, digits: Numbers) -> Numbers:
    """The place after the row number and the quote; NotPlain unless the cell repeats its row's number."""
    read = np.zeros(len(place), np.int64)
    least, most = (int(digits.min()), int(digits.max())) if len(digits) else (0, 0)
    for offset in range(most):
        digit = data.take(place + offset, mode="clip") - np.uint8(48)
        if offset < least:
            if (digit > 9).any():
                raise NotPlain
            read = read * 10 + digit
        else:
            within = offset < digits
            if (within & (digit > 9)).any():
                raise NotPlain
            read = np.where(within, read * 10 + digit, read)
    place = place + digits
    if (read != numbers).any() or (data.take(place, mode="clip") != ord('"')).any():
        raise NotPlain
    return place + 1
