"""CSV, TSV and Excel's "Unicode text" -> one grid of text, never type-guessed.

Plain stretches of a file (every quote where RFC 4180 puts it, every record equally wide) are cut out and parsed by
Arrow; everything else by Python's ``csv``. Both see whole records only and give the same grid; a test holds them to it.
A row's number is its record's number, blank records counted: the row that Excel shows. An ``sep=;`` line on top is an
instruction that Excel does not show, so it has no number. ``="00123"`` is how spreadsheets keep Excel from dropping
zeros: the cell is the text ``00123``.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sscbtool.core.model import FileFormat, Flag, Grid, Limits, Remark, RemarkKind, Workbook
from sscbtool.edge.readers.grid import CellBudget, grid_of_columns
from sscbtool.errors import InputRefused

Matrix = np.ndarray[Any, Any]

LF, CR, QUOTE = 10, 13, 34
DELIMITERS = "\t;|,"
"""In order of trust where two fit equally: commas also stand in prose and in decimals, tabs hardly anywhere."""
SAMPLE_BYTES = 256 << 10
SAMPLE_RECORDS = 1_000
SMALL = 64 << 10
"""Below this many bytes ``csv`` is done before Arrow's reader has started."""
BLOCK = 4 << 20
LONGEST_BLOCK = 64 << 20
SLOW_CHUNK_CELLS = 500_000
REMARKS_A_KIND = 1_000
BYTES_A_CELL = 32
"""What a stored cell may cost at worst, besides its text, while the grid is put together."""
END = "\0"
"""Fed to ``csv`` as a last line: it comes back alone, or inside a quote that was never closed."""
LOST = "\ufffd"

BOMS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
)
SEPARATOR_LINE = re.compile(rb'\A"?sep=([\x20-\x7e\t])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
ESCAPED = r'^="((?:[^"]|"")*)"$'
MOJIBAKE_MARKS = tuple(mark.encode() for mark in ("Â", "Ã", "â€", "â‚¬", "ï»¿"))
MOJIBAKE = "[ÂÃ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€|â‚¬|ï»¿"  # noqa: RUF100
"""UTF-8 that was read as cp1252 and saved: what the commonest two- and three-byte characters then look like."""

SAVE_AS_CSV = "Ask for the file exported again as CSV UTF-8, every text in closed quotes."


def read_text(data: bytes | memoryview, format: FileFormat, limits: Limits) -> Workbook:  # noqa: A002, ARG001
    """The one grid of a delimited text file; its sheet is None and its ``format`` follows from the delimiter.

    Raises InputRefused for a field, a record or a grid beyond ``limits``, and for a file of nothing but blanks.
    """
    csv.field_size_limit(limits.field_chars)
    decoded = _decode(memoryview(data))
    source = decoded.source
    separator = SEPARATOR_LINE.match(source[:16])
    if separator:
        delimiter = separator.group(1).decode("ascii")
        source = source[separator.end() :]
    else:
        delimiter = _told_delimiter(source)
    records = _Records(limits)
    _collect(source, delimiter, records, limits)
    grid, remarks = _finished(records, source, limits)
    if not len(grid.rows):
        raise InputRefused("it holds nothing but blanks", "Ask the sender for the file again.")
    return Workbook(
        format=FileFormat.TSV if delimiter == "\t" else FileFormat.CSV,
        grids=(grid,),
        encoding=decoded.encoding,
        delimiter=delimiter,
        remarks=(*decoded.remarks, *remarks),
    )


# --------------------------------------------------------------------------- encoding


@dataclass(frozen=True)
class _Decoded:
    """The file as UTF-8 without a mark, NUL-free; what stood in the way is U+FFFD."""

    source: memoryview
    encoding: str
    remarks: tuple[Remark, ...] = ()


def _decode(data: memoryview) -> _Decoded:
    codec, encoding, skip = _told_encoding(data)
    remarks = []
    if encoding == "cp1252" or (not skip and encoding == "utf-16"):
        remarks.append(Remark(RemarkKind.ASSUMED_ENCODING, detail=encoding))
    source = data[skip:]
    if not (codec == "utf-8" and _is_utf8(source)):
        source = memoryview(_transcoded(source, codec))
    return _Decoded(_without_nul(source, remarks), encoding, tuple(remarks))


def _told_encoding(data: memoryview) -> tuple[str, str, int]:
    """The codec, the name to show, and how many bytes of mark to skip."""
    head = bytes(data[:4096])
    for mark, codec, name in BOMS:
        if head.startswith(mark):
            return codec, name, len(mark)
    pairs = len(head) // 2
    if pairs:
        first, second = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
        if second > 0.4 * pairs and first < 0.05 * pairs:
            return "utf-16-le", "utf-16", 0
        if first > 0.4 * pairs and second < 0.05 * pairs:
            return "utf-16-be", "utf-16", 0
    return ("utf-8", "utf-8", 0) if _is_utf8(data) else ("cp1252", "cp1252", 0)


def _is_utf8(data: memoryview) -> bool:
    """Strictly, by Arrow's own validation: no text is made."""
    offsets = np.array([0, len(data)], np.int64)
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _transcoded(source: memoryview, codec: str) -> bytes:
    """As UTF-8, piece by piece; what ``codec`` cannot read becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    out = io.BytesIO()
    for start in range(0, len(source), BLOCK):
        out.write(decoder.decode(source[start : start + BLOCK]).encode("utf-8"))
    out.write(decoder.decode(b"", final=True).encode("utf-8"))
    return out.getvalue()


def _without_nul(source: memoryview, remarks: list[Remark]) -> memoryview:
    """NUL bytes are no text: a run at the end is cut off and told, others become U+FFFD; a DOS end mark goes too."""
    end = len(source)
    if end and source[end - 1] in (0, 26):
        stripped = bytes(source).rstrip(b"\x1a").rstrip(b"\0").rstrip(b"\x1a")
        nuls = bytes(source[len(stripped) :]).count(0)
        if nuls:
            remarks.append(Remark(RemarkKind.UNDECODABLE, detail=f"{nuls:,} NUL bytes at the end of the file"))
        source = memoryview(stripped)
    content = source.obj if isinstance(source.obj, bytes) and len(source.obj) == len(source) else bytes(source)
    if b"\0" in content:
        return memoryview(content.replace(b"\0", LOST.encode()))
    return memoryview(content)


# --------------------------------------------------------------------------- delimiter


def _told_delimiter(source: memoryview) -> str:
    """The delimiter under which most records of the file's beginning have one width; a comma where none divides."""
    sample = bytes(source[:SAMPLE_BYTES])
    if len(source) > SAMPLE_BYTES:
        cut = max(sample.rfind(b"\n"), sample.rfind(b"\r"))
        sample = sample[: cut + 1] if cut >= 0 else sample
    lines = sample.decode("utf-8", errors="replace")
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        if delimiter in lines and (share := _agreement(lines, delimiter)) > most:
            best, most = delimiter, share
    return best


def _agreement(lines: str, delimiter: str) -> float:
    """The share of records, blank ones apart, that have the commonest width, if that is two fields or more."""
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    widths: Counter[int] = Counter()
    try:
        for record in itertools.islice(reader, SAMPLE_RECORDS):
            if any(record):
                widths[len(record)] += 1
    except csv.Error:
        return 0.0
    divided = [count for width, count in widths.items() if width > 1]
    return max(divided, default=0) / max(widths.total(), 1)


# --------------------------------------------------------------------------- records


class _Records:
    """What was parsed so far: stretches of records, column by column, and how many fields each record has."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.count = 0
        self.width = 0
        self.usual = 0
        """The width that most records of the last stretch parsed one by one have."""
        self.stretches: list[tuple[int, list[pa.Array | None]]] = []
        self.widths: list[Matrix] = []
        self.unclosed: tuple[int, int] | None = None

    def add(self, columns: list[pa.Array | None], widths: Matrix) -> None:
        """A stretch of ``len(widths)`` records. InputRefused once they cannot be held as one grid."""
        self.stretches.append((len(widths), columns))
        self.widths.append(widths)
        self.count += len(widths)
        self.width = max(self.width, len(columns))
        if self.count * self.width * BYTES_A_CELL > max(self.limits.memory_bytes, BYTES_A_CELL):
            message = f"its {self.count:,} or more records of up to {self.width:,} fields do not fit into memory"
            raise InputRefused(message, "Ask for a smaller file, split by year or by quarter.")

    def filled(self) -> Matrix:
        """Whether record i has something in field j."""
        filled = np.zeros((self.count, self.width), bool, order="F")
        start = 0
        for n, columns in self.stretches:
            for j, column in enumerate(columns):
                filled[start : start + n, j] = pc.not_equal(column, "").to_numpy(zero_copy_only=False)
            start += n
        return filled

    def column(self, j: int) -> pa.Array:
        """Column ``j`` of all records; its parts are let go."""
        parts = []
        for n, columns in self.stretches:
            if j < len(columns):
                parts.append(columns[j])
                columns[j] = None
            else:
                parts.append(pa.repeat(pa.scalar("", pa.string()), n))
        return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)


def _collect(source: memoryview, delimiter: str, records: _Records, limits: Limits) -> None:
    """Parses ``source`` into ``records``: by Arrow block by block where it is plain, else record by record."""
    if len(source) <= SMALL:
        _parse_slowly(source, delimiter, records, limits)
        return
    position = 0
    while position < len(source):
        block = _plain_block(source, position, ord(delimiter))
        if block is None:
            _parse_slowly(source[position:], delimiter, records, limits)
            return
        if not (records.usual and _parse_quickly(block, delimiter, records, limits)):
            _parse_slowly(block, delimiter, records, limits)
        position += len(block)


def _plain_block(source: memoryview, start: int, delimiter: int) -> memoryview | None:
    """Whole records from ``start`` whose every quote opens or closes a field, or is doubled; None if there are none."""
    size = BLOCK
    while size <= LONGEST_BLOCK:
        stop = min(start + size, len(source))
        window = np.frombuffer(source[start:stop], np.uint8)
        quotes = np.flatnonzero(window == QUOTE)
        cut = len(window) if stop == len(source) else _last_record_end(window, quotes)
        if cut:
            return source[start : start + cut] if _quotes_fit(window[:cut], quotes[quotes < cut], delimiter) else None
        size *= 2
    return None


def _last_record_end(window: Matrix, quotes: Matrix) -> int:
    """One past the last line end outside quotes; 0 if there is none."""
    ends = np.flatnonzero(window == LF)
    if not len(ends):
        ends = np.flatnonzero(window[:-1] == CR)
    if len(quotes):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(ends[-1]) + 1 if len(ends) else 0


def _quotes_fit(window: Matrix, quotes: Matrix, delimiter: int) -> bool:
    if not len(quotes):
        return True
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    doubled = opening[1:] == closing[:-1] + 1
    padded = np.concatenate(([LF], window, [LF]))
    before, after = padded[opening], padded[closing + 2]
    opens = (before == delimiter) | (before == LF) | (before == CR)
    closes = (after == delimiter) | (after == LF) | (after == CR)
    opens[1:] |= doubled
    closes[:-1] |= doubled
    return bool(opens.all() and closes.all())


def _parse_quickly(block: memoryview, delimiter: str, records: _Records, limits: Limits) -> bool:
    """By Arrow; False if a record of the block is not as wide as usual (nothing is kept then)."""
    import pyarrow.csv as arrow_csv

    if bytes(block[:3]) == codecs.BOM_UTF8:
        return False
    names = [str(j) for j in range(records.usual)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(block)),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return False
    columns = [column.combine_chunks() for column in table.columns]
    for column in columns:
        if (pc.max(pc.binary_length(column)).as_py() or 0) > limits.field_chars:
            longest = pc.max(pc.utf8_length(column)).as_py()
            if longest > limits.field_chars:
                _refuse_field(limits)
    records.add(list(columns), np.full(table.num_rows, len(columns), np.int32))
    return True


def _parse_slowly(block: memoryview, delimiter: str, records: _Records, limits: Limits) -> None:
    """By Python's ``csv``, record by record: any width, stray and unclosed quotes."""
    lines = io.TextIOWrapper(io.BytesIO(block), "utf-8", newline="")
    reader = csv.reader(itertools.chain(lines, (END,)), delimiter=delimiter)
    rows: list[list[str]] = []
    widest, seen = 0, Counter[int]()
    for row in _rows(reader, limits):
        if row and row[-1].endswith(END):
            if row == [END]:
                break
            row[-1] = row[-1][: -len(END)]
            records.unclosed = (records.count + len(rows) + 1, len(row))
        rows.append(row)
        widest = max(widest, len(row))
        if len(rows) * widest >= SLOW_CHUNK_CELLS:
            _add_rows(rows, widest, records, seen)
            rows, widest = [], 0
    _add_rows(rows, widest, records, seen)
    records.usual = max(seen, key=lambda width: (seen[width], width), default=0)


def _rows(reader: Iterator[list[str]], limits: Limits) -> Iterator[list[str]]:
    try:
        for row in reader:
            if len(row) > limits.columns:
                message = f"a record of it has more than {limits.columns:,} fields"
                raise InputRefused(message, SAVE_AS_CSV)
            yield row
    except csv.Error:
        _refuse_field(limits)


def _refuse_field(limits: Limits) -> None:
    message = f"a field of it is longer than {limits.field_chars:,} characters; a quote may never be closed"
    raise InputRefused(message, SAVE_AS_CSV)


def _add_rows(rows: list[list[str]], widest: int, records: _Records, seen: Counter[int]) -> None:
    if not rows:
        return
    widths = [len(row) for row in rows]
    seen.update(width for width, row in zip(widths, rows, strict=True) if any(row))
    columns = itertools.zip_longest(*rows, fillvalue="") if widest else ()
    records.add([pa.array(column, pa.string()) for column in columns], np.array(widths, np.int32))


# --------------------------------------------------------------------------- the grid


def _finished(records: _Records, source: memoryview, limits: Limits) -> tuple[Grid, list[Remark]]:
    """The grid of all records, and what was noticed in them."""
    content = source.obj if isinstance(source.obj, bytes) else bytes(source)
    escaped, lost = b'="' in content, LOST.encode() in content
    mojibake = any(mark in content for mark in MOJIBAKE_MARKS)
    filled = records.filled()
    remarks = list(_ragged(records, filled))
    if records.unclosed:
        row, column = records.unclosed
        remarks.append(Remark(RemarkKind.UNCLOSED_QUOTE, row=row, column=column))
    kept = filled.any(axis=1)
    rows = np.flatnonzero(kept).astype(np.int32) + 1
    mask = None if len(rows) == records.count else pa.array(kept)
    texts = []
    flags = np.zeros((len(rows), records.width), np.uint8, order="F") if lost else None
    for j in range(records.width):
        text = records.column(j)
        if mask is not None:
            text = text.filter(mask)
        if escaped:
            text = _unescaped(text)
        texts.append(text)
        if flags is not None:
            undecodable = _matches(pc.match_substring(text, LOST))
            flags[undecodable, j] = Flag.UNDECODABLE
            remarks += _told(RemarkKind.UNDECODABLE, rows[undecodable], j)
        if mojibake:
            remarks += _told(RemarkKind.MOJIBAKE, rows[_matches(pc.match_substring_regex(text, MOJIBAKE))], j)
    # A text that was escaped and empty is no text.
    kinds = None if escaped else filled[kept].view(np.uint8)
    budget = CellBudget(replace(limits, cells=max(limits.memory_bytes // BYTES_A_CELL, 1)))
    columns = np.arange(1, records.width + 1, dtype=np.int32)
    return grid_of_columns(None, rows, columns, texts, budget, kinds=kinds, flags=flags), _bounded(remarks)


def _matches(found: pa.Array) -> Matrix:
    """Where ``found`` is true, as indices."""
    return np.flatnonzero(found.to_numpy(zero_copy_only=False))


def _unescaped(text: pa.Array) -> pa.Array:
    """``="00123"`` as the text it stands for."""
    escaped = pc.match_substring_regex(text, ESCAPED)
    if not pc.any(escaped).as_py():
        return text
    inner = pc.replace_substring(pc.utf8_slice_codeunits(text, 2, -1), '""', '"')
    return pc.if_else(escaped, inner, text)


def _told(kind: RemarkKind, rows: Matrix, j: int) -> Iterator[Remark]:
    return (Remark(kind, row=int(row), column=j + 1) for row in rows[: REMARKS_A_KIND + 1])


def _ragged(records: _Records, filled: Matrix) -> Iterator[Remark]:
    """A remark for each record that has not the usual number of fields; empty fields too many at its end are none."""
    told = filled.any(axis=1)
    if not bool(told.any()):
        return
    widths = np.concatenate(records.widths)
    counts = np.bincount(widths[told])
    usual = len(counts) - 1 - int(np.argmax(counts[::-1]))
    # A delimiter at the end of most lines makes no column that the others lack.
    usual = min(usual, int(np.flatnonzero(filled.any(axis=0))[-1]) + 1)
    overlong = filled[:, usual:].any(axis=1)
    ragged = np.flatnonzero(told & ((widths < usual) | overlong))
    for i in ragged[: REMARKS_A_KIND + 1]:
        detail = f"{int(widths[i])} fields where most records have {usual}"
        yield Remark(RemarkKind.RAGGED_ROW, row=int(i) + 1, detail=detail)


def _bounded(remarks: list[Remark]) -> list[Remark]:
    """At most so many of a kind, in the order of their rows; one without a row says that there are more."""
    kept: list[Remark] = []
    counts: Counter[RemarkKind] = Counter()
    for remark in sorted(remarks, key=lambda remark: (remark.row or 0, remark.column or 0)):
        counts[remark.kind] += 1
        if counts[remark.kind] <= REMARKS_A_KIND:
            kept.append(remark)
        elif counts[remark.kind] == REMARKS_A_KIND + 1:
            kept.append(replace(remark, row=None, column=None, detail=f"more than {REMARKS_A_KIND:,} of them"))
    return kept
