"""Reads many damaged files and counts what became of them: each must be read or refused, and nothing else may happen.

``python tests/fuzz/mutate.py --count 50000 --seed 1`` damages generated workbooks, and the shared corpus where it is
beside the checkout: bits, cuts, container headers, parts of archives swapped, attributes and text inside them changed
(and packed again soundly, so that the damage reaches the parsers). It ends with 1 if a reader failed by a bug, was
killed, or ran over a limit, and keeps those files in ``--keep``.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import shutil
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sscbtool.core.model import Limits, Reading
from sscbtool.edge.pool import STOPPED, Pool, out_of_memory, out_of_time, read_files

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
LARGEST = 400_000
"""Larger files of the corpus would take most of the time and teach little more."""
BATCH = 250
LIMITS = Limits()

WORDS = (b"0", b"-1", b"1", b"99999999999", b"2147483648", b"1e400", b"NaN", b"", b"A1", b"XFD1048576", b"A0", b"ZZZZ9")
WORDS += (b"A1:XFD1048576", b"s", b"b", b"e", b"str", b"inlineStr", b"d", b"true", b"&#0;", b"&amp;", b"\xff", b"../..")
TAGS = (
    b"c",
    b"row",
    b"v",
    b"f",
    b"t",
    b"is",
    b"si",
    b"mergeCell",
    b"col",
    b"sheet",
    b"xf",
    b"numFmt",
    b"table:table-row",
)
TAGS += (b"table:table-cell", b"text:p", b"td", b"tr", b"table", b"br")


@dataclass(frozen=True)
class Source:
    """A sound file to damage."""

    name: str
    data: bytes

    @property
    def is_archive(self) -> bool:
        return self.data.startswith(b"PK")


# --------------------------------------------------------------------------- sound files


def sources() -> list[Source]:
    """Generated files of every format, and the corpus where it is."""
    rows = [["Organisation", "Amount", "When", "Ok"]]
    rows += [[f"Agency {n} £", n * 1.25, f"2018-05-{n % 28 + 1:02}", n % 2 == 0] for n in range(40)]
    plain = "\n".join(",".join(map(str, row)) for row in rows)
    html = "<table>" + "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows) + "</table>"
    made = [
        Source("made.csv", plain.encode()),
        Source("made-1252.csv", ('"Title, quoted"\n\n' + plain.replace(",", '";"')).encode("cp1252")),
        Source("made-unicode.txt", plain.replace(",", "\t").encode("utf-16")),
        Source("made-page.xls", html.replace("<td>Agency", "<td rowspan=2 colspan='2'>Agency").encode()),
        Source("made.xlsx", made_xlsx(rows)),
        Source("made-streamed.xlsx", made_streamed_xlsx(rows)),
        Source("made.xls", made_xls(rows)),
        Source("made.ods", made_ods(rows)),
        Source("made-locked.xlsx", made_locked(rows)),
    ]
    found = sorted(CORPUS.glob("*.*")) if CORPUS.is_dir() else []
    found = [path for path in found if path.suffix in (".xlsx", ".xls", ".ods", ".csv")]
    return made + [Source(path.name, path.read_bytes()) for path in found if path.stat().st_size <= LARGEST]


def made_xlsx(rows: list[list[object]]) -> bytes:
    import openpyxl
    from openpyxl.comments import Comment

    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    sheet.append(["Total", "=SUM(B2:B41)", "#REF!"])
    sheet.merge_cells("A44:C45")
    sheet["A44"] = "Note"
    sheet["A1"].comment = Comment("seen", "nobody")
    sheet["B2"].number_format = '"£"#,##0.00'
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["D"].hidden = True
    sheet.auto_filter.ref = "A1:D41"
    book.create_sheet("Old").sheet_state = "hidden"
    return saved(book.save)


def made_streamed_xlsx(rows: list[list[object]]) -> bytes:
    import xlsxwriter

    def save(out: io.BytesIO) -> None:
        with xlsxwriter.Workbook(out, {"date_1904": True}) as book:
            bold = book.add_format({"bold": True, "num_format": "dd/mm/yyyy"})
            sheet = book.add_worksheet("A & B")
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            sheet.write_rich_string(50, 0, "a", bold, "b", "c")
            sheet.write_formula(51, 1, "=1/0", bold, "#DIV/0!")
            sheet.write_boolean(52, 1, True)
            sheet.merge_range(53, 0, 54, 2, "merged", bold)

    return saved(save)


def made_xls(rows: list[list[object]]) -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            sheet.write(i, j, value)
    sheet.write_merge(50, 51, 0, 2, "merged")
    sheet.write(52, 0, xlwt.Formula("SUM(B2:B9)"))
    sheet.row(3).hidden = True
    return saved(book.save)


def made_ods(rows: list[list[object]]) -> bytes:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    book = OpenDocumentSpreadsheet()
    table = Table(name="Sheet1")
    for row in rows:
        line = TableRow()
        for value in row:
            options = {"valuetype": "float", "value": value} if isinstance(value, float) else {"valuetype": "string"}
            cell = TableCell(numbercolumnsrepeated=1, **options)
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    book.spreadsheet.addElement(table)
    return saved(book.save)


def made_locked(rows: list[list[object]]) -> bytes:
    from msoffcrypto.method.ecma376_agile import ECMA376Agile

    return ECMA376Agile.encrypt("VelvetSweatshop", io.BytesIO(made_xlsx(rows)), spin_count=100)


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    save(out)
    return out.getvalue()


# --------------------------------------------------------------------------- damage


def flipped(data: bytes, rng: random.Random) -> bytes:
    """A few bits turned, anywhere."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end, or a stretch inside, lost."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice((1, 7, 512, len(data))) :]


def repeated(data: bytes, rng: random.Random) -> bytes:
    """A stretch twice, or overwritten by another stretch."""
    start, other, length = rng.randrange(len(data)), rng.randrange(len(data)), rng.choice((1, 16, 512, 4096))
    stretch = data[start : start + length]
    return data[:other] + stretch + data[other + rng.choice((0, len(stretch))) :]


def overwritten(data: bytes, rng: random.Random) -> bytes:
    """Numbers of a header replaced by extreme ones."""
    damaged = bytearray(data)
    places = [at.start() for at in re.finditer(rb"PK[\x01-\x06]{2}|\x09\x08\x10\0", data)] or [0]
    for _ in range(rng.choice((1, 3))):
        at = rng.choice(places) + rng.randrange(64)
        value = struct.pack("<L", rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, rng.randrange(1 << 32))))
        width = rng.choice((1, 2, 4))
        damaged[at : at + width] = value[:width]
    return bytes(damaged)


def worded(data: bytes, rng: random.Random) -> bytes:
    """Values, tags and attributes of a text replaced by surprising ones."""
    for _ in range(rng.choice((1, 1, 3, 10))):
        pattern = rng.choice((rb'="[^"]*"', rb">[^<]*<", rb"</?[\w:]+", rb"[\w.]+", rb'[",;\t\n]'))
        at = rng.randrange(len(data)) if data else 0
        found = re.compile(pattern).search(data, at) or re.compile(pattern).search(data)
        if found is None:
            continue
        word = rng.choice(WORDS)
        new = {
            b"=": b'="' + word + b'"',
            b">": b">" + word + b"<",
            b"<": rng.choice((b"<", b"</")) + rng.choice(TAGS),
        }.get(found.group()[:1], word)
        data = data[: found.start()] + rng.choice((new, new, b"", new * 50)) + data[found.end() :]
    return data


def repacked(data: bytes, rng: random.Random, other: bytes | None) -> bytes:
    """An archive whose parts were damaged, swapped, dropped or taken from another, packed soundly again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = list(parts)
    telling = [name for name in names if re.search(r"sheet|shared|styles|workbook|content\.xml|Types", name)] or names
    name = rng.choice(telling)
    match rng.randrange(8):
        case 0:
            swap = rng.choice(names)
            parts[name], parts[swap] = parts[swap], parts[name]
        case 1:
            del parts[name]
        case 2 if other:
            with zipfile.ZipFile(io.BytesIO(other)) as archive:
                parts[name] = archive.read(rng.choice(archive.namelist()))
        case 3:
            parts[name] = rng.choice((flipped, cut, repeated))(parts[name] or b"x", rng)
        case _:
            parts[name] = worded(parts[name], rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return out.getvalue()


def damaged(source: Source, rng: random.Random, archives: list[Source]) -> bytes:
    """One damaged copy of a sound file."""
    if source.is_archive and rng.random() < 0.7:
        other = rng.choice(archives).data if archives else None
        return repacked(source.data, rng, other)
    ways = (flipped, cut, repeated, overwritten) if source.is_archive else (flipped, cut, repeated, overwritten, worded)
    return rng.choice(ways)(source.data, rng)


# --------------------------------------------------------------------------- the run


def verdict(reading: Reading) -> str:
    """What became of a file; words that start with ``BAD`` must never be seen."""
    if reading.workbook is not None:
        return "read"
    if reading.fault:
        return "BAD: stopped by a signal" if reading.reason == STOPPED else f"BAD: {reading.reason}"
    if reading.reason in (out_of_time(LIMITS), out_of_memory(LIMITS)):
        return f"BAD: {reading.reason}"
    return "refused"


def first_or_second(readings: Iterator[Reading]) -> Iterator[Reading]:
    """The readings; a file that ran out of time is read once more by itself, as the machine may have been busy."""
    for reading in readings:
        if reading.reason == out_of_time(LIMITS):
            yield from read_files([reading.path], LIMITS)
        else:
            yield reading


def batches(count: int, seed: int, folder: Path) -> Iterator[list[str]]:
    """Folders of damaged files, one batch after the other; each file follows from the seed and its number alone."""
    sound = sources()
    archives = [source for source in sound if source.is_archive]
    for start in range(0, count, BATCH):
        paths = []
        for number in range(start, min(start + BATCH, count)):
            rng = random.Random(f"{seed}/{number}")
            source = rng.choice(sound)
            path = folder / f"{number:06}-{source.name}"
            path.write_bytes(damaged(source, rng, archives))
            paths.append(str(path))
        yield paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the files that went badly")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Pool(LIMITS) as pool:
        for paths in batches(options.count, options.seed, Path(folder)):
            for reading in first_or_second(pool.read(paths)):
                said = verdict(reading)
                counts[said] += 1
                reasons[re.sub(r"[\d,]+|'.*'|\(.*\)", "_", reading.reason or "read")] += 1
                if said.startswith("BAD"):
                    print(f"{Path(reading.path).name}: {said}", flush=True)
                    if options.keep:
                        options.keep.mkdir(parents=True, exist_ok=True)
                        shutil.copy(reading.path, options.keep)
            for path in paths:
                Path(path).unlink()
            print(
                f"{counts.total():,} files, {time.monotonic() - start:.0f} s: {dict(counts)}",
                file=sys.stderr,
                flush=True,
            )
    for reason, number in reasons.most_common():
        print(f"{number:7,}  {reason}")
    print(
        f"{counts.total():,} damaged files in {time.monotonic() - start:.0f} s: "
        + ", ".join(f"{n:,} {said}" for said, n in counts.most_common())
    )
    return any(said.startswith("BAD") for said in counts)


if __name__ == "__main__":
    sys.exit(main())
