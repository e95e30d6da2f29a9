"""The quick reader of worksheets whose XML is as plain as spreadsheet programs write it.

Tags are checked and counted by ``xlsx_tags``; here the stretches between them become values, thousands at a time.
Where anything is not plain this reader gives up and returns None; what it returns is what ``xlsx_stream`` would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sscbtool.core.model import Grid, Kind
from sscbtool.edge.readers.grid import (
    CellBudget,
    GridBuilder,
    compressed,
    indices,
    numbered,
    numbers_of,
    string_array,
    with_facts,
)
from sscbtool.edge.readers.stored import (
    DAYS_1904,
    PHANTOM_SERIAL,
    SAFE_DIGITS,
    SECONDS_A_DAY,
    SERIALS_END,
    DateClass,
    number_cell,
)
from sscbtool.edge.readers.xlsx_cells import (
    BLANK,
    DATE,
    FORMULA,
    TEXT,
    UNCACHED,
    Book,
    SheetFacts,
    hidden_columns,
    typed_value,
    unescaped,
    whole,
)
from sscbtool.edge.readers.xlsx_stream import sheet_facts, stream_strings
from sscbtool.edge.readers.xlsx_tags import (
    Cells,
    Chunk,
    HidesRow,
    NotPlain,
    Tag,
    attributes_of,
    cells_of,
    chunks,
    plain_characters,
    rows_of,
    tagged,
    without_entities,
)

Numbers = np.ndarray[Any, Any]

NUMBER = int(Kind.NUMBER)
DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml([^>]*)\?>)?\s*<[A-Za-z]")
ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
CELLS_BEGIN = re.compile(rb"<(?:([A-Za-z]\w*):)?sheetData>")
MOST_HEAD = 1 << 23
STRAYS = (b"<!", b"extLst", b"AlternateContent")
"""What must not stand before the cells."""
TYPES = ("n", "s", "str", "inlineStr", "b", "e", "d")
MOST_KNOWN = 100_000
FEW_DATES = 256
"""Up to so many different dates in one chunk, remembering them is the quicker way."""
DAY_1970 = 25_569
"""The serial of 1 January 1970."""
TYPE_NUMBER, TYPE_SHARED, TYPE_STRING, TYPE_INLINE = range(4)


def bulk_sheet(name: str, content: bytes, book: Book, budget: CellBudget) -> tuple[Grid, SheetFacts] | None:
    """One worksheet, or None if its XML is not plain. InputRefused beyond the limits."""
    try:
        sheet = _split(content)
        facts = sheet_facts(sheet.shell, book, GridBuilder(name, budget))
        gathered = _Gathered(book)
        for rows in chunks(sheet.cells, sheet.begin, sheet.end):
            gathered.take(tagged(rows))
    except NotPlain:
        return None
    grid = gathered.grid(name, budget)
    facts.hidden_rows = gathered.hidden_rows
    return with_facts(grid, facts.merges, facts.hidden_rows, hidden_columns(facts)), facts


@dataclass(frozen=True)
class _Sheet:
    """A sheet's XML with its cells taken out, and where the XML of the cells stands."""

    shell: bytes
    cells: bytes
    begin: int
    end: int


def _split(content: bytes) -> _Sheet:
    _check_encoding(content)
    opening = CELLS_BEGIN.search(content, 0, MOST_HEAD)
    if opening is None:
        raise NotPlain
    prefix = opening[1] + b":" if opening[1] else b""
    closing = b"</" + prefix + b"sheetData>"
    begin, end = opening.end(), content.rfind(closing)
    if end < begin:
        raise NotPlain
    head, tail = content[:begin], content[end:]
    if any(mark in head for mark in STRAYS) or b"<!" in tail or b"sheetData" in tail[len(closing) :]:
        raise NotPlain
    if not prefix:
        return _Sheet(head + tail, content, begin, end)
    cells = content[begin:end].replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</")
    return _Sheet(head + tail, cells, 0, len(cells))


def _check_encoding(content: bytes) -> None:
    declaration = DECLARATION.match(content)
    if declaration is None:
        raise NotPlain
    encoding = ENCODING.search(declaration[1] or b"")
    if encoding is not None and encoding[1].lower() != b"utf-8":
        raise NotPlain


def bulk_strings(content: bytes) -> list[str] | None:
    """The shared strings in order, or None if their XML is not plain."""
    try:
        return _plain_strings(content)
    except NotPlain:
        return None


def _plain_strings(content: bytes) -> list[str]:
    _check_encoding(content)
    begin, end = content.find(b"<si>"), content.rfind(b"</sst>")
    if begin < 0 or end < begin or b"<!" in content or b"]]>" in content:
        raise NotPlain
    if stream_strings(content[:begin] + content[end:]):
        raise NotPlain
    text = plain_characters(content[begin:end]).decode().replace('<si><t xml:space="preserve">', "<si><t>")
    begins, ends = text.startswith("<si><t>"), text.endswith("</t></si>")
    strings = text.removeprefix("<si><t>").removesuffix("</t></si>").split("</t></si><si><t>")
    if not (begins and ends and text.count("<") == 4 * len(strings)):
        return _mixed_strings(text)
    if "&" in text or "_x" in text:
        return [unescaped(without_entities(string)) for string in strings]
    return strings


def _mixed_strings(text: str) -> list[str]:
    """Shared strings of which some are rich text."""
    items = text.split("</si>")
    if items.pop().strip(" \t\n"):
        raise NotPlain
    return [_shared(item) for item in items]


def _shared(item: str) -> str:
    """The text of one shared string from its XML but for the end tag."""
    if item.startswith("<si><t>") and item.endswith("</t>") and item.count("<") == 3:
        text = item[7:-4]
        return unescaped(without_entities(text)) if "&" in text or "_x" in text else text
    strings = stream_strings(f"<sst>{item}</si></sst>".encode())
    if len(strings) != 1:
        raise NotPlain
    return strings[0]


# --------------------------------------------------------------------------- what is gathered


@dataclass(frozen=True)
class _Wording:
    """What a cell's attributes say besides its place."""

    style: int
    type: int


@dataclass
class _Pieces:
    """What each chunk gave, in order."""

    rows: list[Numbers] = field(default_factory=lambda: [np.empty(0, np.int32)])
    columns: list[Numbers] = field(default_factory=lambda: [np.empty(0, np.int32)])
    places: list[Numbers] = field(default_factory=lambda: [np.empty(0, np.int32)])
    """Where each cell's text stands in the pool."""
    kinds: list[Numbers] = field(default_factory=lambda: [np.empty(0, np.uint8)])
    flags: list[Numbers] = field(default_factory=lambda: [np.empty(0, np.uint8)])
    formats: list[Numbers] = field(default_factory=lambda: [np.empty(0, np.uint16)])


class _Gathered:
    """The cells of all chunks; their texts are places in one pool that begins with the shared strings."""

    def __init__(self, book: Book) -> None:
        self.hidden_rows: list[int] = []
        self._book = book
        self._pieces = _Pieces()
        self._pool: list[pa.Array] = [string_array([""]), book.pool]
        self._pooled = 1 + len(book.pool)
        self._shared_kinds = np.where(numbers_of(pc.binary_length(book.pool)) == 0, BLANK, TEXT)
        self._wordings: dict[bytes, _Wording] = {}
        self._hides = HidesRow()
        self._told: dict[tuple[str, object], tuple[str, int]] = {}
        self._formats = np.array((*book.styles.format_of, 0), np.uint16)
        self._shown = np.array((*book.styles.class_of, DateClass.NONE), np.uint8)
        self._last_row = 0

    def take(self, chunk: Chunk) -> None:
        """Adds the rows of one chunk. NotPlain where the streaming reader must have its say."""
        rows = rows_of(chunk, self._hides)
        if int(rows.numbers[0]) <= self._last_row:
            raise NotPlain
        self._last_row = int(rows.numbers[-1])
        self.hidden_rows.extend(rows.hidden)
        cells = cells_of(chunk, rows)
        if self._book.linked:
            _leave_links(chunk)
        types, styles = self._worded(cells)
        if ((cells.values > 0) & (cells.inline != (types == TYPE_INLINE))).any():
            raise NotPlain
        starts = chunk.ends.take(cells.values) + 1
        ends = chunk.starts.take(cells.values + 1, mode="clip")
        holding = (cells.values > 0) & (ends > starts)
        places, kinds = np.zeros(len(types), np.int32), np.zeros(len(types), np.uint8)
        for kind in np.unique(types[holding]).tolist():
            which = np.flatnonzero(holding & (types == kind))
            texts = chunk.between(starts[which], ends[which])
            places[which], kinds[which] = self._values(kind, texts, styles[which])
        flags = _flags(cells, types, holding)
        kept = (kinds != BLANK) | (flags != 0)
        pieces = self._pieces
        pieces.rows.append(rows.numbers[cells.rows[kept]].astype(np.int32))
        pieces.columns.append(cells.columns[kept].astype(np.int32))
        pieces.places.append(places[kept])
        pieces.kinds.append(kinds[kept])
        pieces.flags.append(flags[kept])
        pieces.formats.append(self._formats[styles[kept]])

    def _worded(self, cells: Cells) -> tuple[Numbers, Numbers]:
        """Type and style of each cell; a style that the workbook does not have is the one past the last."""
        wordings = [self._wording(tail) for tail in cells.tails]
        types = np.array([wording.type for wording in wordings], np.uint8)
        styles = np.array([wording.style for wording in wordings], np.int32)
        return types.take(cells.wordings), styles.take(cells.wordings)

    def _wording(self, tail: bytes) -> _Wording:
        known = self._wordings.get(tail)
        if known is None:
            attributes = attributes_of(tail)
            kind = attributes.get("t", "n")
            if kind not in TYPES or "r" in attributes:
                raise NotPlain
            style = min(whole(attributes.get("s")), len(self._formats) - 1)
            known = self._wordings[tail] = _Wording(style, TYPES.index(kind))
        return known

    def _values(self, kind: int, texts: pa.Array, styles: Numbers) -> tuple[Numbers, Numbers]:
        """Places in the pool and kinds of stored values, none of them empty, of one type."""
        if kind == TYPE_SHARED:
            return self._shared(texts)
        if kind in (TYPE_STRING, TYPE_INLINE):
            return self._pooled_all(_unescaped(texts)), np.full(len(texts), TEXT, np.uint8)
        if kind == TYPE_NUMBER:
            return self._numbers(texts, self._shown[styles])
        return self._distinct(texts, TYPES[kind], lambda text: typed_value(TYPES[kind], text, 0, self._book))

    def _shared(self, texts: pa.Array) -> tuple[Numbers, Numbers]:
        try:
            index = numbers_of(pc.cast(texts, pa.int32()))
        except pa.ArrowInvalid as error:
            raise NotPlain from error
        if int(index.min()) < 0 or int(index.max()) >= len(self._shared_kinds):
            raise NotPlain
        return index + 1, self._shared_kinds[index]

    def _numbers(self, texts: pa.Array, shown: Numbers) -> tuple[Numbers, Numbers]:
        classes = np.unique(shown).tolist()
        if len(classes) == 1:
            return self._numbers_shown(texts, DateClass(classes[0]))
        places, kinds = np.zeros(len(texts), np.int32), np.zeros(len(texts), np.uint8)
        for shows in classes:
            which = np.flatnonzero(shown == shows)
            places[which], kinds[which] = self._numbers_shown(texts.take(indices(which)), DateClass(shows))
        return places, kinds

    def _numbers_shown(self, texts: pa.Array, shows: DateClass) -> tuple[Numbers, Numbers]:
        if shows is DateClass.NONE:
            forms, kinds = canonical_numbers(texts)
            return self._pooled_all(forms), kinds
        coded = texts.dictionary_encode()
        if len(coded.dictionary) > FEW_DATES:
            index = numbers_of(coded.indices)
            forms, kinds = dates_in_bulk(coded.dictionary, shows, epoch_1904=self._book.epoch_1904)
            return self._pooled_all(forms)[index], kinds[index]
        epoch_1904 = self._book.epoch_1904
        return self._distinct(texts, shows, lambda text: number_cell(text, shows, epoch_1904=epoch_1904))

    def _distinct(
        self, texts: pa.Array, sort: object, meaning: Callable[[str], tuple[str, int]]
    ) -> tuple[Numbers, Numbers]:
        """Values whose meaning, settled by their text and ``sort``, is worked out once for each that differs."""
        coded = texts.dictionary_encode()
        known, told = self._told, []
        for text in coded.dictionary.to_pylist():
            one = known.get((text, sort))
            if one is None:
                one = meaning(without_entities(text))
                if len(known) < MOST_KNOWN:
                    known[text, sort] = one
            told.append(one)
        index = numbers_of(coded.indices)
        places = self._pooled_all(string_array([text for text, _ in told]))
        return places[index], np.array([kind for _, kind in told], np.uint8)[index]

    def _pooled_all(self, texts: pa.Array) -> Numbers:
        first = self._pooled
        self._pool.append(texts)
        self._pooled += len(texts)
        return np.arange(first, self._pooled, dtype=np.int32)

    def grid(self, name: str, budget: CellBudget) -> Grid:
        """All cells as a grid. InputRefused beyond the limits."""
        pieces = self._pieces
        places = np.concatenate(pieces.places)
        rows, i = numbered(np.concatenate(pieces.rows))
        columns, j = numbered(np.concatenate(pieces.columns))
        pool = pa.concat_arrays(self._pool)
        shape = len(columns), len(rows)
        budget.spend(shape[0] * shape[1], int(numbers_of(pc.utf8_length(pool))[places].sum(dtype=np.int64)))
        standing, kinds = np.zeros(shape, np.int32), np.zeros(shape, np.uint8)
        flags, formats = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
        standing[j, i] = places
        kinds[j, i] = np.concatenate(pieces.kinds)
        flags[j, i] = np.concatenate(pieces.flags)
        formats[j, i] = np.concatenate(pieces.formats)
        return compressed(
            Grid(
                sheet=name,
                rows=rows,
                columns=columns,
                texts=tuple(pool.take(indices(column)) for column in standing),
                kinds=kinds.T,
                flags=flags.T,
                formats=formats.T,
                format_codes=self._book.styles.codes,
            )
        )


def _leave_links(chunk: Chunk) -> None:
    """NotPlain where a formula may name another workbook: which do is for the streaming reader to tell."""
    which = np.flatnonzero(chunk.tags == Tag.FORMULA)
    formulas = chunk.between(chunk.ends[which] + 1, chunk.starts[which + 1])
    if pc.any(pc.match_substring(formulas, "[")).as_py():
        raise NotPlain


def _flags(cells: Cells, types: Numbers, holding: Numbers) -> Numbers:
    if not cells.formulas.any():
        return np.zeros(len(types), np.uint8)
    cached = holding | (cells.stored & (types == TYPE_STRING))
    return np.where(cells.formulas, np.where(cached, FORMULA, UNCACHED), 0).astype(np.uint8)


def _unescaped(texts: pa.Array) -> pa.Array:
    """Strings as Excel shows them: entities and ``_x000D_`` escapes replaced."""
    marked = pc.or_(pc.match_substring(texts, "&"), pc.match_substring(texts, "_x"))
    if not pc.any(marked).as_py():
        return texts
    shown = string_array([unescaped(without_entities(text)) for text in texts.filter(marked).to_pylist()])
    return pc.replace_with_mask(texts, marked, shown)


def canonical_numbers(texts: pa.Array) -> tuple[pa.Array, Numbers]:
    """The canonical form of each stored number, none of them empty, and its ``Kind``."""
    kinds = np.full(len(texts), NUMBER, np.uint8)
    written = _Written(texts)
    plain = written.canonical & (written.lengths <= SAFE_DIGITS)
    if plain.all():
        return texts, kinds
    other = np.flatnonzero(~plain)
    forms, kinds[other] = _worked_out(texts.take(indices(other)))
    places = np.arange(len(texts))
    places[other] = np.arange(len(texts), len(texts) + len(other))
    return pa.concat_arrays([texts, forms]).take(indices(places)), kinds


def _worked_out(texts: pa.Array) -> tuple[pa.Array, Numbers]:
    """The canonical form and kind of what is written at length, with an exponent, or is no number.

    Arrow finds the shortest decimal of a double as Python does; integers keep their digits, so it is not asked there.
    """
    kinds = np.full(len(texts), NUMBER, np.uint8)
    try:
        short = pc.cast(pc.cast(texts, pa.float64()), pa.string())
        sure = _Written(short).canonical & _Written(texts).broken
    except pa.ArrowInvalid:
        short, sure = texts, np.zeros(len(texts), bool)
    left = np.flatnonzero(~sure)
    if not len(left):
        return short, kinds
    coded = texts.take(indices(left)).dictionary_encode()
    told = [
        number_cell(without_entities(text), DateClass.NONE, epoch_1904=False) for text in coded.dictionary.to_pylist()
    ]
    index = numbers_of(coded.indices)
    kinds[left] = np.array([kind for _, kind in told], np.uint8)[index]
    places = np.arange(len(texts))
    places[left] = len(texts) + index
    return pa.concat_arrays([short, string_array([form for form, _ in told])]).take(indices(places)), kinds


def dates_in_bulk(texts: pa.Array, shows: DateClass, *, epoch_1904: bool) -> tuple[pa.Array, Numbers]:
    """What ``number_cell`` makes of each text: days from 1 March 1900 on at once, the rest one by one."""
    kinds = np.full(len(texts), DATE, np.uint8)
    seconds = np.full(len(texts), -1, np.int64)
    if shows is not DateClass.ELAPSED:
        try:
            values = np.frombuffer(pc.cast(texts, pa.float64()).buffers()[1], np.float64, len(texts))
        except pa.ArrowInvalid:
            values = np.full(len(texts), np.nan)
        within = (values >= PHANTOM_SERIAL + 1) & (values < SERIALS_END - DAYS_1904 - 1)
        seconds[within] = np.rint(values[within] * SECONDS_A_DAY) + (DAYS_1904 * SECONDS_A_DAY if epoch_1904 else 0)
    moments = np.flatnonzero((seconds >= 0) & (seconds % SECONDS_A_DAY != 0))
    days = np.flatnonzero((seconds >= 0) & (seconds % SECONDS_A_DAY == 0))
    left = np.flatnonzero(seconds < 0)
    since_1970 = seconds - DAY_1970 * SECONDS_A_DAY
    stamps = pa.Array.from_buffers(pa.timestamp("s"), len(moments), [None, pa.py_buffer(since_1970[moments].copy())])
    dates = (since_1970[days] // SECONDS_A_DAY).astype(np.int32)
    told = [number_cell(without_entities(text), shows, epoch_1904=epoch_1904) for text in _some(texts, left)]
    forms = pa.concat_arrays(
        [
            pc.replace_substring(pc.cast(stamps, pa.string()), " ", "T"),
            pc.cast(pa.Array.from_buffers(pa.date32(), len(days), [None, pa.py_buffer(dates)]), pa.string()),
            string_array([form for form, _ in told]),
        ]
    )
    kinds[left] = [kind for _, kind in told]
    places = np.empty(len(texts), np.int32)
    places[np.concatenate((moments, days, left))] = np.arange(len(texts))
    return forms.take(indices(places)), kinds


def _some(texts: pa.Array, which: Numbers) -> list[str]:
    chosen: list[str] = texts.take(indices(which)).to_pylist()
    return chosen


class _Written:
    """How numbers are written: byte counts over texts none of which is empty."""

    def __init__(self, texts: pa.Array) -> None:
        offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4)
        self._data = np.frombuffer(texts.buffers()[2], np.uint8)
        self._first, self._after = offsets[:-1], offsets[1:]
        self.lengths = self._after - self._first

    def _count(self, marks: Numbers) -> Numbers:
        """How many bytes of each text are marked; ``marks`` covers all of the texts' stretch of data."""
        return np.add.reduceat(marks, self._first - self._first[0], dtype=np.int32)

    @property
    def _stretch(self) -> Numbers:
        return self._data[self._first[0] : self._after[-1]]

    @property
    def broken(self) -> Numbers:
        """Which are written with a point or an exponent."""
        stretch = self._stretch
        return self._count((stretch == ord(".")) | ((stretch | 0x20) == ord("e"))) > 0

    @property
    def canonical(self) -> Numbers:
        """Which are decimals as ``stored.PLAIN_NUMBER`` has them, minus nought left out."""
        data, stretch = self._data, self._stretch
        digits = self._count((stretch - np.uint8(ord("0"))) < 10)
        points = self._count(stretch == ord("."))
        negative = data.take(self._first) == ord("-")
        leading = data.take(self._first + negative, mode="clip")
        second = data.take(self._first + negative + 1, mode="clip")
        last = data.take(self._after - 1)
        whole = self.lengths - negative
        begins_well = (leading != ord("0")) | ((whole == 1) & ~negative) | ((whole > 1) & (second == ord(".")))
        ends_well = (points == 0) | ((points == 1) & (last != ord("0")) & (last != ord(".")))
        only_these = (digits + points + negative == self.lengths) & (digits > 0)
        return np.asarray(only_these & begins_well & ends_well & (leading != ord(".")))
