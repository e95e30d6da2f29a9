"""Training sessions, who came to them, and e-learning.

The published figures come out only if cancelled sessions, people who did not come, rows of other years and
organisations under several names are treated rightly.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator.files import YEAR_END, YEAR_START, File, Formula, Sheet, to_csv_with_mark, to_xlsx, typed
from generator.people import (
    CONTRIBUTORS_WHO_ATTEND,
    ONLY_BY_WALKING_IN,
    ONLY_ON_THE_LAST_DAY,
    PUBLISHED,
    ROLES,
    STAYED_AWAY,
    Organisation,
    Person,
    attenders,
    spelt,
)

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
        rows.append((person.learner_id, agency, *module, typed(started), typed(finished), kind, score))
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
