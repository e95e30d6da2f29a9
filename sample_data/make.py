"""Writes the sample year 2018-19 and its faulty twin: ``python sample_data/make.py [FOLDER]``.

Every person and every organisation is invented, apart from the six contributors whom the published report names. The
layouts are those that partners really send. The published figures come out only if cancelled sessions, people who did
not come, rows of other years and organisations under several names are treated rightly.

The same seed gives the same bytes on any machine: dates inside the files are fixed and nothing is compressed.
Without FOLDER the two years are written beside this script and the list of planted faults to ``tests/cases/``.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import shutil
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
import xlwt

HERE = Path(__file__).resolve().parent
SEED = 20190331
STAMP = dt.datetime(2019, 5, 7, 9, 30)  # noqa: DTZ001 - what the files say of their own making
YEAR_START, YEAR_END = dt.date(2018, 4, 1), dt.date(2019, 3, 31)
PUBLISHED = {"sessions": 45, "individuals": 340, "organisations": 81, "completions": 368}


# --------------------------------------------------------------------------- files as values


@dataclass(frozen=True)
class Formula:
    """A formula and the result that Excel stored with it; ``None`` if it never stored one."""

    text: str
    result: Any


@dataclass
class Sheet:
    """The cells of one sheet, by row and column from 1."""

    name: str | None
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    widths: tuple[int, ...] = ()
    hidden: bool = False

    def row(self, number: int, *values: Any) -> None:
        """Fills a row from its first column; ``None`` leaves a cell blank."""
        for column, value in enumerate(values, start=1):
            if value is not None:
                self.cells[number, column] = value

    @property
    def last_row(self) -> int:
        """The lowest row with a cell in it."""
        return max(row for row, _ in self.cells)


@dataclass
class File:
    """One file that a partner sends."""

    path: str
    sheets: list[Sheet]
    write: Callable[[File], bytes]

    def sheet(self, name: str | None) -> Sheet:
        """The sheet of that name."""
        return next(sheet for sheet in self.sheets if sheet.name == name)


def to_xlsx(file: File) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": STAMP, "author": "Sample", "comments": "Invented data"})
    day, bold = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"bold": True})
    money = book.add_format({"num_format": "#,##0.00"})
    for sheet in file.sheets:
        page = book.add_worksheet(sheet.name)
        if sheet.hidden:
            page.hide()
        for number, width in enumerate(sheet.widths):
            page.set_column(number, number, width)
        for top, left, bottom, right in sheet.merges:
            page.merge_range(top - 1, left - 1, bottom - 1, right - 1, "", bold)
        for (row, column), value in sorted(sheet.cells.items()):
            match value:
                case dt.date():
                    page.write_datetime(row - 1, column - 1, dt.datetime.combine(value, dt.time()), day)
                case Formula():
                    stored = "" if value.result is None else value.result
                    stored = float(stored) if isinstance(stored, Decimal) else stored
                    page.write_formula(row - 1, column - 1, value.text, money, stored)
                case Decimal():
                    page.write_number(row - 1, column - 1, float(value), money)
                case int():
                    page.write_number(row - 1, column - 1, value)
                case _:
                    page.write_string(row - 1, column - 1, value)
    book.close()
    return _stored(buffer.getvalue())


def to_xls(file: File) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    day, money = xlwt.easyxf(num_format_str="DD/MM/YYYY"), xlwt.easyxf(num_format_str="#,##0.00")
    for sheet in file.sheets:
        page = book.add_sheet(sheet.name)
        for (row, column), value in sorted(sheet.cells.items()):
            styles = [day] if isinstance(value, dt.date) else [money] if isinstance(value, Decimal) else []
            page.write(row - 1, column - 1, value, *styles)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def to_csv(file: File) -> bytes:
    return _records(file.sheets[0], "utf-8")


def to_csv_with_mark(file: File) -> bytes:
    """As Excel's "CSV UTF-8" and most learning systems write it: with a byte order mark."""
    return _records(file.sheets[0], "utf-8-sig")


def to_nothing(_file: File) -> bytes:
    return b""


def _records(sheet: Sheet, encoding: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heading = max(column for row, column in sheet.cells if row == 1)
    for row in range(1, sheet.last_row + 1):
        width = max(heading, *(column for r, column in sheet.cells if r == row))
        writer.writerow([sheet.cells.get((row, column), "") for column in range(1, width + 1)])
    return text.getvalue().encode(encoding)


def _stored(packed: bytes) -> bytes:
    """The same workbook without compression, so that its bytes do not hang on a machine's zlib."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for part in source.infolist():
            kept = zipfile.ZipInfo(part.filename, (1980, 1, 1, 0, 0, 0))
            kept.external_attr = 0o600 << 16
            kept.create_system = 3
            target.writestr(kept, source.read(part))
    return out.getvalue()


# --------------------------------------------------------------------------- who there is


@dataclass(frozen=True)
class Organisation:
    """One entry of the organisations register."""

    code: str
    name: str
    aliases: tuple[str, ...]


def register() -> dict[str, Organisation]:
    with (HERE.parent / "schemas" / "organisations.csv").open(encoding="utf-8", newline="") as source:
        return {
            row["code"]: Organisation(
                row["code"], row["name"], tuple(a.strip() for a in row["aliases"].split(";") if a.strip())
            )
            for row in csv.DictReader(source)
        }


CONTRIBUTORS_WHO_ATTEND = {"LBS": 58, "SLAM": 15, "CCG": 12, "CAFCASS": 6, "LFB": 3}
INVENTED = re.compile(r"(PRI|SEC|SPE|EYS|VCS|HLT|FTH)\d\d")
STAYED_AWAY = {
    "no_show": ("PRI08", "VCS14"),
    "cancelled": ("EYS11",),
    "virtual": ("VCS10",),
    "other_year": ("FTH04",),
    "session_cancelled": ("HLT03",),
}
"""Organisations whose people are on the lists without ever attending a session that counts, by the reason why."""
ONLY_BY_WALKING_IN, ONLY_ON_THE_LAST_DAY, ONLY_BY_ALIAS = "SPE03", "EYS04", "VCS06"
ROLES = (
    "Designated Safeguarding Lead", "Deputy DSL", "Teacher", "Teaching Assistant", "Social Worker", "Early Help Worker",
    "Nursery Manager", "Room Leader", "Youth Worker", "School Nurse", "Health Visitor", "Practice Manager", "Volunteer",
    "Family Support Worker", "Trustee", "Housing Officer", "Learning Mentor", "Family Court Adviser", "Station Officer",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One who was on a list at least once; ``organisation`` is a code."""

    learner_id: str
    organisation: str
    role: str


def spelt(organisation: Organisation, rng: random.Random) -> str:
    """One of the names that people type for an organisation."""
    typed = rng.choice((organisation.name,) * 3 + organisation.aliases)
    if organisation.code == ONLY_BY_ALIAS:
        typed = organisation.aliases[0]
    style = rng.randrange(20)
    if style == 0:
        typed = typed.upper()
    elif style == 1:
        typed = typed.lower()
    elif style == 2:
        typed += " "
    elif style == 3:
        typed = typed.replace(" ", "  ", 1)
    elif style == 4:
        typed = typed.replace(" ", "\u00a0", 1)
    elif style in (5, 6):
        typed = typed.replace(" & ", " and ") if " & " in typed else typed.replace(" and ", " & ")
    return typed


def attenders(organisations: dict[str, Organisation], ids: Iterator[str], rng: random.Random) -> list[Person]:
    """340 people of 81 organisations, one at least from each."""
    absent = {code for codes in STAYED_AWAY.values() for code in codes}
    invented = [code for code in organisations if INVENTED.fullmatch(code) and code not in absent]
    sizes = Counter(CONTRIBUTORS_WHO_ATTEND) + Counter(dict.fromkeys(invented, 1))
    single = {ONLY_BY_WALKING_IN, ONLY_ON_THE_LAST_DAY, ONLY_BY_ALIAS}
    may_grow = [code for code in invented if code not in single]
    while sizes.total() < PUBLISHED["individuals"]:
        sizes[rng.choice(may_grow)] += 1
    assert len(sizes) == PUBLISHED["organisations"]
    return [Person(next(ids), code, rng.choice(ROLES)) for code, size in sorted(sizes.items()) for _ in range(size)]


# --------------------------------------------------------------------------- training


@dataclass(frozen=True)
class Session:
    """One planned session, and what became of it."""

    session_id: str
    title: str
    date: dt.date
    time: str
    mode: str
    status: str
    scope: str
    venue: str
    capacity: int

    @property
    def counts(self) -> bool:
        """Whether the published 45 includes it."""
        in_year = YEAR_START <= self.date <= YEAR_END
        return in_year and self.status == "delivered" and self.mode == "face_to_face"


@dataclass(frozen=True)
class Booking:
    """One person on one session's list."""

    session: Session
    person: Person
    status: str


COURSES = (
    "Working Together to Safeguard Children", "Designated Safeguarding Lead Refresher", "Neglect: Seeing the Child",
    "Child Sexual Exploitation Awareness", "County Lines and Criminal Exploitation", "Domestic Abuse and Children",
    "Female Genital Mutilation", "Working with Vulnerable Parents", "Safer Recruitment", "Prevent and Radicalisation",
    "Graded Care Profile 2", "Knife Crime and Serious Youth Violence", "Safeguarding Disabled Children",
    "Learning from Case Reviews", "Private Fostering Briefing", "Managing Allegations (LADO)",
)  # fmt: skip
VENUES = ("Tooley Room 1", "Tooley Room 2", "Wharf Learning Centre", "Sunrise Community Hall", "Queens Annexe")
SPELLINGS = {
    "face_to_face": ("Face to face", "Face to face", "Face-to-face", "In person", "Classroom"),
    "virtual": ("Webinar", "Online"),
    "delivered": ("Delivered", "Delivered", "Delivered", "Ran", "delivered", "Completed"),
    "session_cancelled": ("Cancelled", "CANCELLED", "Canceled"),
    "postponed": ("Postponed", "Deferred"),
    "children": ("SSCB", "SSCB", "Children"),
    "joint": ("Joint", "Both"),
    "attended": ("Attended", "Attended", "Attended", "Attended", "attended", "Yes", "Present"),
    "walk_in": ("Walk-in", "Walked in"),
    "no_show": ("No show", "DNA", "Did not attend"),
    "cancelled": ("Cancelled", "Withdrawn", "Apologies"),
    "booked": ("Booked", "Confirmed"),
}


def sessions(rng: random.Random) -> list[Session]:
    """63 sessions: 45 that count, and 18 cancelled, postponed, online or of another year."""
    days = [YEAR_START + dt.timedelta(n) for n in range(2, 362) if (YEAR_START + dt.timedelta(n)).weekday() < 5]
    rng.shuffle(days)
    plan = [(dt.date(2019, 3, 29), "face_to_face", "delivered"), (dt.date(2018, 4, 3), "face_to_face", "delivered")]
    days = [day for day in days if day not in {date for date, _, _ in plan}]
    plan += [(days.pop(), "face_to_face", "delivered") for _ in range(PUBLISHED["sessions"] - len(plan))]
    plan += [(days.pop(), "face_to_face", "session_cancelled") for _ in range(7)]
    plan += [(days.pop(), "face_to_face", "postponed") for _ in range(3)]
    plan += [(days.pop(), "virtual", "delivered") for _ in range(4)]
    plan += [(dt.date(2018, 3, 20), "face_to_face", "delivered"), (dt.date(2018, 3, 28), "face_to_face", "delivered")]
    plan += [(dt.date(2019, 4, 2), "face_to_face", "delivered"), (dt.date(2019, 4, 3), "virtual", "delivered")]
    return [
        Session(
            session_id=f"SB{number:03}",
            title=rng.choice(COURSES),
            date=date,
            time=rng.choice(("09:30-12:30", "09:30-16:30", "13:30-16:30")),
            mode=mode,
            status=status,
            scope=rng.choice(("children", "children", "joint")),
            venue="Online" if mode == "virtual" else rng.choice(VENUES),
            capacity=rng.choice((24, 26, 28, 30)),
        )
        for number, (date, mode, status) in enumerate(sorted(plan), start=201)
    ]


class Bookings:
    """Bookings in the making: no person twice on a session, no session beyond its places."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.made: dict[tuple[str, str], Booking] = {}
        self.sizes: Counter[str] = Counter()

    def add(self, person: Person, among: Iterable[Session], status: str) -> None:
        """Books the person on one of the sessions that still have room."""
        open_to = [
            session
            for session in among
            if self.sizes[session.session_id] < session.capacity
            and (session.session_id, person.learner_id) not in self.made
        ]
        session = self.rng.choice(open_to)
        self.made[session.session_id, person.learner_id] = Booking(session, person, status)
        self.sizes[session.session_id] += status != "walk_in"


def bookings(
    programme: list[Session], people: list[Person], away: dict[str, list[Person]], rng: random.Random
) -> list[Booking]:
    """Who was on which list: some 560 attendances, and as many reasons why a row must not count."""
    counted = [session for session in programme if session.counts]
    virtual = [s for s in programme if s.mode == "virtual" and YEAR_START <= s.date <= YEAR_END]
    other_year = [s for s in programme if not YEAR_START <= s.date <= YEAR_END and s.mode == "face_to_face"]
    off = [session for session in programme if session.status in ("session_cancelled", "postponed")]
    book = Bookings(rng)
    for person in people:
        if person.organisation == ONLY_BY_WALKING_IN:
            book.add(person, counted, "walk_in")
        elif person.organisation == ONLY_ON_THE_LAST_DAY:
            book.add(person, counted[-1:], "attended")
        else:
            for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 2, 2, 3, 4))):
                book.add(person, counted, "walk_in" if rng.random() < 0.06 else "attended")
    regulars = [p for p in people if p.organisation in CONTRIBUTORS_WHO_ATTEND]
    for status, where, number in (
        ("no_show", counted, 34), ("cancelled", counted, 28), ("attended", virtual, 26),
        ("booked", off, 30), ("cancelled", off, 12), ("attended", other_year, 3),
    ):  # fmt: skip
        for person in rng.sample(regulars, number):
            book.add(person, where, status)
    for person in away["no_show"]:
        book.add(person, counted, "no_show")
    for person in away["cancelled"]:
        book.add(person, counted, "cancelled")
    for person in away["virtual"]:
        book.add(person, virtual, "attended")
    for person in away["other_year"]:
        book.add(person, other_year, "attended")
    for person in away["session_cancelled"]:
        book.add(person, off, "booked")
    return _one_moves(list(book.made.values()))


def _one_moves(made: list[Booking]) -> list[Booking]:
    """One who attended twice changes employer in between: one person, of two organisations."""
    often = Counter(b.person.learner_id for b in made if b.session.counts and b.status == "attended")
    mover = next(b.person for b in made if b.person.organisation == "SLAM" and often[b.person.learner_id] >= 2)
    dates = sorted(b.session.date for b in made if b.person == mover)
    moved = Person(mover.learner_id, "CCG", mover.role)
    return [
        Booking(b.session, moved, b.status) if b.person == mover and b.session.date == dates[-1] else b for b in made
    ]


def training_workbook(organisations: dict[str, Organisation], rng: random.Random) -> tuple[File, list[Person]]:
    numbers = list(range(1001, 1501))
    rng.shuffle(numbers)
    ids = iter(f"L{number}" for number in numbers)
    people = attenders(organisations, ids, rng)
    sizes = {"no_show": 14, "cancelled": 11, "virtual": 9, "other_year": 6, "session_cancelled": 10}
    away = {
        reason: [
            Person(next(ids), codes[n] if n < len(codes) else rng.choice(people).organisation, rng.choice(ROLES))
            for n in range(sizes[reason])
        ]
        for reason, codes in STAYED_AWAY.items()
    }
    programme = sessions(rng)
    made = sorted(bookings(programme, people, away, rng), key=lambda b: (b.session.session_id, b.person.learner_id))
    notes = Sheet("Notes", widths=(90,))
    notes.row(1, "SSCB training record 2018/19")
    notes.row(3, "Sessions lists every session that was planned, whether it ran or not.")
    notes.row(4, "Attendance has one row a booking. Agency is as the delegate typed it.")
    lists = Sheet("Lists", hidden=True)
    for row, word in enumerate(("Delivered", "Cancelled", "Postponed", "Planned"), start=1):
        lists.row(row, word)
    pages = [notes, _session_sheet(programme, made, rng), _attendance_sheet(made, organisations, rng), lists]
    return File("SSCB/SSCB training record 2018-19.xlsx", pages, to_xlsx), people


def _session_sheet(programme: list[Session], made: list[Booking], rng: random.Random) -> Sheet:
    sheet = Sheet("Sessions", widths=(11, 42, 12, 13, 14, 12, 10, 26, 8, 8))
    sheet.row(1, "Southwark Safeguarding Children Board: training programme 2018/19")
    sheet.row(2, "Prepared by the training team. Sessions that did not run are kept for the record.")
    sheet.row(4, "Session", None, None, None, None, None, None, None, "Numbers")
    sheet.merges += [(1, 1, 1, 10), (4, 1, 4, 8), (4, 9, 4, 10)]
    sheet.row(5, "Session ref", "Course", "Date", "Time", "Format", "Status", "Board", "Venue", "Places", "Booked")
    booked = Counter(b.session.session_id for b in made if b.status != "walk_in")
    for row, session in enumerate(programme, start=6):
        mode, status, scope = (rng.choice(SPELLINGS[each]) for each in (session.mode, session.status, session.scope))
        # Typed dates stand among real ones, as they do where several people keep one list.
        date = session.date.strftime("%d/%m/%Y") if rng.random() < 0.15 else session.date
        sheet.row(
            row, session.session_id, session.title, date, session.time, mode, status, scope, session.venue,
            session.capacity, booked[session.session_id],
        )  # fmt: skip
    last = sheet.last_row
    sheet.row(last + 1, "Total", *[None] * 7)
    for column, letter in ((9, "I"), (10, "J")):
        total = sum(sheet.cells[row, column] for row in range(6, last + 1))
        sheet.cells[last + 1, column] = Formula(f"=SUM({letter}6:{letter}{last})", total)
    return sheet


def _attendance_sheet(made: list[Booking], organisations: dict[str, Organisation], rng: random.Random) -> Sheet:
    sheet = Sheet("Attendance", widths=(11, 12, 12, 46, 28, 16))
    sheet.row(1, "Bookings and attendance")
    sheet.row(3, "Session ref", "Date", "Learner ref", "Agency", "Job title", "Attendance")
    for row, booking in enumerate(made, start=4):
        agency = spelt(organisations[booking.person.organisation], rng)
        status = rng.choice(SPELLINGS[booking.status])
        sheet.row(
            row, booking.session.session_id, booking.session.date, booking.person.learner_id, agency,
            booking.person.role, status,
        )  # fmt: skip
    return sheet


# --------------------------------------------------------------------------- e-learning


MODULES = (
    ("SC101", "Safeguarding Children: Level 1", "Children"), ("SC102", "Safeguarding Children: Level 2", "Children"),
    ("SC110", "Child Sexual Exploitation", "Children"), ("SC115", "Neglect", "Children"),
    ("SC120", "Online Safety", "Children"), ("SA201", "Safeguarding Adults: Level 1", "Adults"),
    ("SA205", "Mental Capacity Act", "Adults"), ("SA210", "Modern Slavery", "Joint"),
)  # fmt: skip


def learning_export(organisations: dict[str, Organisation], people: list[Person], rng: random.Random) -> File:
    """What the learning system exports: 368 completions of the year among some 450 rows."""
    others = [Person(f"L{number}", rng.choice(people).organisation, rng.choice(ROLES)) for number in range(1501, 1701)]
    learners = rng.sample(people, 150) + others
    pairs = [(person, module) for person in learners for module in MODULES]
    rng.shuffle(pairs)
    rows = []
    for kind, finished, again in _attempts(rng):
        person, module = pairs[again] if again is not None else pairs.pop()
        started = (finished or YEAR_START + dt.timedelta(rng.randrange(300))) - dt.timedelta(rng.randrange(40))
        low, high = SCORES.get(kind, (0, 0))
        score = str(rng.randrange(low, high)) if high else ""
        agency = spelt(organisations[person.organisation], rng).strip()
        rows.append((person.learner_id, agency, *module, _typed(started), _typed(finished), kind, score))
    rng.shuffle(rows)
    sheet = Sheet(None)
    sheet.row(
        1, "User ID", "Institution", "Course ID", "Course full name", "Course category", "Date enrolled",
        "Completion date", "Completion status", "Final score",
    )  # fmt: skip
    for number, row in enumerate(rows, start=2):
        sheet.row(number, *row)
    return File("SSCB/elearning_completions_export.csv", [sheet], to_csv_with_mark)


SCORES = {"Completed": (80, 101), "Passed": (80, 101), "Failed": (20, 70)}


def _typed(date: dt.date | None) -> str:
    return date.strftime("%d/%m/%Y") if date else ""


def _attempts(rng: random.Random) -> Iterator[tuple[str, dt.date | None, int | None]]:
    """Outcome, day finished, and for those who tried a module twice the number of their pair."""

    def day() -> dt.date:
        return YEAR_START + dt.timedelta(rng.randrange(365))

    for finished in (YEAR_START, YEAR_END):
        yield "Completed", finished, None
    twice = 4
    for _ in range(PUBLISHED["completions"] - 2 - 2 * twice):
        yield rng.choice(("Completed", "Completed", "Passed")), day(), None
    for n in range(twice):
        # Taken again within the year: a completion more, and nobody more.
        yield "Completed", dt.date(2018, 5, 3 + n), n
        yield "Completed", dt.date(2019, 1, 7 + n), n
    for n in range(twice):
        # Failed first, passed later.
        yield "Failed", dt.date(2018, 4, 20 + n), n
    for _ in range(6):
        yield "Failed", day(), None
    for kind, number in (("In progress", 41), ("Not started", 15)):
        yield from ((kind, None, None) for _ in range(number))
    yield from (("Completed", YEAR_START - dt.timedelta(1 + 5 * n), None) for n in range(12))
    yield from (("Completed", YEAR_END + dt.timedelta(1 + 4 * n), None) for n in range(6))


# --------------------------------------------------------------------------- contributions


def contributions() -> list[File]:
    """Six payers, six layouts; £134,471.50 in the year, and two payments of other years among them."""
    return [_plain(), _quarters(), _money_as_text(), _legacy(), _title_and_total(), _finance_system()]


def _plain() -> File:
    sheet = Sheet("Payments", widths=(36, 14, 14))
    sheet.row(1, "Agency", "Amount", "Date paid")
    sheet.row(2, "Police (MOPAC)", Decimal("5000.00"), dt.date(2017, 6, 15))
    sheet.row(3, "Police (MOPAC)", Decimal("5000.00"), dt.date(2018, 6, 14))
    return File("MOPAC/MOPAC payments to SSCB.xlsx", [sheet], to_xlsx)


def _quarters() -> File:
    cover = Sheet("Cover", widths=(24, 40))
    for row, pair in enumerate(
        (
            ("Return type", "contributions"),
            ("Partner code", "CCG"),
            ("Period", "2018-19"),
            ("Prepared by role", "Finance Manager"),
            ("Status", "final"),
        ),
        start=1,
    ):
        cover.row(row, *pair)
    sheet = Sheet("SSCB", widths=(30, 12, 12, 12, 12, 14))
    sheet.row(1, "Contribution to the Safeguarding Children Board, paid each quarter")
    sheet.row(3, None, "2018/19")
    sheet.merges += [(3, 2, 3, 6)]
    sheet.row(4, "Partner", "Q1", "Q2", "Q3", "Q4", "Total")
    quarter = Decimal("15000.00")
    sheet.row(5, "NHS Southwark CCG", quarter, quarter, quarter, quarter, Formula("=SUM(B5:E5)", 4 * quarter))
    return File("CCG/Southwark CCG quarterly contribution.xlsx", [cover, sheet], to_xlsx)


def _money_as_text() -> File:
    sheet = Sheet("Sheet1", widths=(46, 20, 16))
    sheet.row(1, "Contributor", "Contribution amount", "Payment date")
    sheet.row(2, "South London & Maudsley NHS Foundation Trust", "£2,500.00", "12/06/2018")
    sheet.row(3, "SLaM", "£2,500.00", "11/12/2018")
    return File("SLAM/SLaM remittances.xlsx", [sheet], to_xlsx)


def _legacy() -> File:
    sheet = Sheet("LFB")
    sheet.row(1, "Payer", "Value (£)", "Date")
    sheet.row(2, "London Fire Brigade", Decimal("500.00"), dt.date(2018, 11, 5))
    sheet.row(3, "London Fire Brigade", Decimal("500.00"), dt.date(2019, 4, 1))
    return File("LFB/LFB contribution.xls", [sheet], to_xls)


def _title_and_total() -> File:
    sheet = Sheet("Journals", widths=(30, 26, 14, 16))
    sheet.row(1, "London Borough of Southwark")
    sheet.row(2, "Contribution to the Southwark Safeguarding Children Board, 2018/19")
    sheet.row(3, "Journalled each quarter; the last falls on the final day of the year.")
    sheet.merges += [(1, 1, 1, 4), (2, 1, 2, 4)]
    sheet.row(5, "Partner agency", "Cost centre", "Date", "Amount (£)")
    journals = (
        (dt.date(2018, 6, 29), "15855.38"),
        (dt.date(2018, 9, 28), "15855.37"),
        (dt.date(2018, 12, 31), "15855.38"),
        (dt.date(2019, 3, 31), "15855.37"),
    )
    for row, (date, amount) in enumerate(journals, start=6):
        sheet.row(row, "London Borough Southwark", "CH4410 Safeguarding", date, Decimal(amount))
    sheet.row(10, "Total", None, None, Formula("=SUM(D6:D9)", Decimal("63421.50")))
    sheet.row(12, "Source: general ledger, period 12 closed.")
    return File("LBS/Southwark Council SSCB journals 2018-19.xlsx", [sheet], to_xlsx)


def _finance_system() -> File:
    sheet = Sheet(None)
    sheet.row(1, "Document", "Posting Date", "Customer Name", "Reference", "Amount")
    name = "Children and Family Court Advisory and Support Service"
    # Posted to the wrong cost centre, reversed and posted again: £550 in all.
    sheet.row(2, "1900044127", "05/07/2018", name, "SSCB 18/19", "550.00")
    sheet.row(3, "1900044871", "12/07/2018", name, "SSCB 18/19 reversal", "550.00-")
    sheet.row(4, "1900044872", "12/07/2018", name, "SSCB 18/19", "550.00")
    return File("CAFCASS/AR_EXTRACT_SSCB.csv", [sheet], to_csv)


# --------------------------------------------------------------------------- the faulty twin


@dataclass(frozen=True)
class Plant:
    """A fault: what is put into one cell of a clean file, and the finding that it must raise there."""

    file: str
    sheet: str | None
    cell: str
    code: str
    severity: str
    what: str


def faulty(clean: list[File]) -> tuple[list[File], list[Plant]]:
    """The clean year with a fault in each of many cells, and where each one stands."""
    files = {file.path: file for file in deepcopy(clean)}
    plants: list[Plant] = []

    def plant(path: str, sheet: str | None, row: int, faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        page = files[path].sheet(sheet)
        page.row(row, *values)
        for column, (code, severity, what) in faults.items():
            plants.append(Plant(path, sheet, f"{chr(64 + column)}{row}", code, severity, what))

    _plant_contributions(plant)
    training = next(path for path in files if "training record" in path)
    _plant_sessions(plant, training, files[training].sheet("Sessions"))
    _plant_attendance(plant, training, files[training].sheet("Attendance"))
    export = next(path for path in files if "elearning" in path)
    _plant_learning(plant, export, files[export].sheet(None))
    empty = File("NPS/NPS contribution 2018-19.xlsx", [], to_nothing)
    plants.append(Plant(empty.path, None, "", "", "refused", "a file without bytes"))
    return [*files.values(), empty], plants


Planter = Callable[..., None]


def _plant_contributions(plant: Planter) -> None:
    day = dt.date(2018, 8, 1)
    path, sheet = "MOPAC/MOPAC payments to SSCB.xlsx", "Payments"
    unknown = ("SSCB-ORG-1", "error", "an organisation that is not in the register")
    plant(path, sheet, 4, {1: unknown}, "Police Benevolent League", Decimal("100.00"), day)
    uncached = ("SSCB-CEL-10", "error", "a formula that was never calculated")
    plant(path, sheet, 5, {2: uncached}, "Police (MOPAC)", Formula("=2500*2", None), day)

    path, sheet = "SLAM/SLaM remittances.xlsx", "Sheet1"
    plant(path, sheet, 4, {2: ("SSCB-CEL-2", "error", "an amount in euros")}, "SLaM", "€250.00", "10/10/2018")
    plant(path, sheet, 5, {2: ("SSCB-AMT-2", "error", "words for an amount")}, "SLaM", "see invoice", "15/10/2018")
    plant(path, sheet, 6, {2: ("SSCB-CEL-1", "error", "a fraction of a penny")}, "SLaM", "£10.005", "16/10/2018")
    repeat = ("SSCB-AMT-4", "query", "the payment of row 3 a second time")
    plant(path, sheet, 7, {1: repeat}, "SLaM", "£2,500.00", "11/12/2018")
    plant(path, sheet, 8, {2: ("SSCB-AMT-1", "error", "no amount beside a name")}, "SLaM", None, "12/12/2018")
    plant(path, sheet, 9, {1: ("SSCB-ORG-2", "error", "an amount without a payer")}, None, "£75.00", "13/12/2018")

    path = "CCG/Southwark CCG quarterly contribution.xlsx"
    lost = ("SSCB-CEL-9", "error", "an error cell for the second quarter")
    plant(path, "SSCB", 5, {3: lost}, None, None, Formula("=#REF!", "#REF!"))

    path = "LFB/LFB contribution.xls"
    plant(path, "LFB", 4, {2: ("SSCB-AMT-3", "query", "a negative amount")}, "London Fire Brigade", Decimal(-75), day)
    plant(path, "LFB", 5, {2: ("SSCB-CEL-8", "error", "TRUE for an amount")}, "London Fire Brigade", True, day)

    path = "LBS/Southwark Council SSCB journals 2018-19.xlsx"
    swapped = ("SSCB-TOT-1", "error", "a stated total with two digits swapped")
    plant(path, "Journals", 10, {4: swapped}, "Total", None, None, Formula("=SUM(D6:D9)", Decimal("63412.50")))

    path, name = "CAFCASS/AR_EXTRACT_SSCB.csv", "CAFCASS"
    impossible = ("SSCB-CEL-11", "error", "the 31st of June")
    plant(path, None, 5, {2: impossible}, "1900044901", "31/06/2018", name, "SSCB", "11.00")
    american = ("SSCB-CEL-12", "error", "a date with the month first")
    plant(path, None, 6, {2: american}, "1900044902", "07/25/2018", name, "SSCB", "12.00")
    plant(
        path,
        None,
        7,
        {5: ("SSCB-CEL-5", "error", "a decimal comma")},
        "1900044903",
        "26/07/2018",
        name,
        "SSCB",
        "1.234,50",
    )


def _plant_sessions(plant: Planter, path: str, sheet: Sheet) -> None:
    """New rows between the last session and the total, which then adds them up too."""
    first = sheet.last_row
    total = {column: sheet.cells.pop((first, column)) for column in (1, 9, 10)}
    again, day = sheet.cells[first - 1, 1], dt.date(2018, 9, 12)
    rest = ("13:30-16:30", "Face to face")

    def row(faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        plant(path, "Sessions", max(first, sheet.last_row + 1), faults, *values)

    row({1: ("SSCB-SES-1", "error", "a reference used twice")}, again, "Neglect", day, *rest, "Delivered", "SSCB")
    row({3: ("SSCB-SES-3", "error", "a session without a date")}, "SB301", "Neglect", None, *rest, "Delivered", "SSCB")
    row({6: ("SSCB-COD-1", "error", "a status nobody knows")}, "SB302", "Neglect", day, *rest, "Tentative", "SSCB")
    row({6: ("SSCB-SES-4", "error", "no status")}, "SB303", "Neglect", day, *rest, None, "SSCB")
    row(
        {5: ("SSCB-COD-2", "error", "an unknown way of delivery")},
        "SB304",
        "Neglect",
        day,
        rest[0],
        "Pigeon post",
        "Ran",
    )
    more = ("SSCB-SES-7", "query", "more bookings than places")
    row({10: more}, "SB305", "Neglect", day, *rest, "Delivered", "SSCB", "Annexe", 24, 27)
    last = sheet.last_row
    for column, cell in total.items():
        if isinstance(cell, Formula):
            letter = "ABCDEFGHIJ"[column - 1]
            numbers = [sheet.cells.get((row, column), 0) for row in range(6, last + 1)]
            cell = Formula(f"=SUM({letter}6:{letter}{last})", sum(numbers))
        sheet.cells[last + 1, column] = cell


def _plant_attendance(plant: Planter, path: str, sheet: Sheet) -> None:
    # On a session that counts, so that the figures no longer come out either.
    one = max(row for row in range(4, sheet.last_row + 1) if sheet.cells[row, 2] <= YEAR_END)
    session, date, learner = (sheet.cells[one, column] for column in (1, 2, 3))
    agency, role, came = "Southwark Council", "Social Worker", "Attended"

    def row(faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        plant(path, "Attendance", sheet.last_row + 1, faults, *values)

    row({1: ("SSCB-ATT-1", "error", "a person twice on one list")}, session, date, learner, agency, role, came)
    row({1: ("SSCB-ATT-2", "error", "a session that is not in the list")}, "SB999", date, "L9001", agency, role, came)
    row({3: ("SSCB-ATT-3", "error", "no learner reference")}, session, date, None, agency, role, came)
    mailbox = ("SSCB-ATT-4", "query", "a shared mailbox for a person")
    row({3: mailbox}, session, date, "office@school.example", agency, role, came)
    row({6: ("SSCB-ATT-5", "error", "no attendance status")}, session, date, "L9002", agency, role, None)
    row(
        {6: ("SSCB-COD-4", "error", "an attendance status nobody knows")}, session, date, "L9003", agency, role, "Maybe"
    )
    lookalike = ("SSCB-ORG-1", "error", "a registered name with a Cyrillic letter in it")
    row({4: lookalike}, session, date, "L9004", "Kettlebr\u0456dge Primary School", role, came)
    row({2: ("SSCB-DAT-1", "error", "words for a date")}, session, "last Tuesday", "L9005", agency, role, came)


def _plant_learning(plant: Planter, path: str, sheet: Sheet) -> None:
    module = ("SC101", "Safeguarding Children: Level 1", "Children")
    first = [sheet.cells.get((2, column)) for column in range(1, 10)]
    twin = next(
        [sheet.cells.get((row, column)) for column in range(1, 10)]
        for row in range(2, sheet.last_row + 1)
        if sheet.cells.get((row, 8)) == "Completed" and "2018" in str(sheet.cells.get((row, 7)))
    )
    assert len(first) == len(twin)

    def row(faults: dict[int, tuple[str, str, str]], *values: Any) -> None:
        plant(path, None, sheet.last_row + 1, faults, *values)

    row({1: ("SSCB-ELC-1", "query", "one completion twice")}, *twin)
    early = ("SSCB-ELC-3", "error", "completed before it was started")
    row({7: early}, "L9101", "CAFCASS", *module, "02/08/2018", "01/08/2018", "Completed", "90")
    over = ("SSCB-ELC-4", "error", "a score above 100")
    row({9: over}, "L9102", "CAFCASS", *module, "01/08/2018", "02/08/2018", "Completed", "120")
    undated = ("SSCB-ELC-5", "error", "completed without a date")
    row({7: undated}, "L9103", "CAFCASS", *module, "01/08/2018", "", "Completed", "90")
    strange = ("SSCB-COD-5", "error", "a status nobody knows")
    row({8: strange}, "L9104", "CAFCASS", *module, "01/08/2018", "02/08/2018", "Paused", "")
    half = ("SSCB-CEL-17", "error", "a score with a fraction")
    row({9: half}, "L9105", "CAFCASS", *module, "01/08/2018", "02/08/2018", "Completed", "88.5")


# --------------------------------------------------------------------------- writing


def write_year(files: list[File], folder: Path) -> None:
    """Lays the files out by partner; what an earlier run left there is gone."""
    if folder.exists():
        shutil.rmtree(folder)
    for file in files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.write(file))


def write_plants(plants: list[Plant], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("file", "sheet", "cell", "code", "severity", "what"))
        for plant in plants:
            writer.writerow((plant.file, plant.sheet or "", plant.cell, plant.code, plant.severity, plant.what))


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else HERE
    planted = folder / "planted_faults.csv" if arguments else HERE.parent / "tests" / "cases" / "planted_faults.csv"
    organisations = register()
    training, people = training_workbook(organisations, random.Random(SEED))
    export = learning_export(organisations, people, random.Random(SEED + 1))
    clean = [*contributions(), training, export]
    twin, plants = faulty(clean)
    write_year(clean, folder / "2018-19")
    write_year(twin, folder / "2018-19-with-faults")
    write_plants(plants, planted)
    print(f"{len(clean)} files of 2018-19 and {len(plants)} planted faults are in {folder}.")


if __name__ == "__main__":
    main(sys.argv[1:])
