"""No cell that a published figure rests on can change without that figure's status or evidenced value changing too.

What each figure counts is said here a second time, in plain Python, without schemas, SQL or anything else of the
program. A changed cell *alters* a figure where that plain count comes to something else than before; this is settled
before the program is asked, and a change that leaves every count as it was is set aside as equivalent, by that rule
alone. Of every other change each altered figure must tell.

By default 1,000 changes are tried in memory, or as many as ``SSCBTOOL_MUTATIONS`` says. Another 40 are made in copies
of the real files, which then go through the whole program.

Returns that no published figure is taken from (agreed, invoiced and ledger lines, splits, spending, child deaths, the
hub, section 11) have no figure to alter, and their cells are not tried.
"""

import contextlib
import csv
import datetime as dt
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import count, islice, zip_longest
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest
import yaml

from sscbtool.core.model import Severity, Status
from sscbtool.core.rows import gather
from sscbtool.core.values import Period
from sscbtool.workflow.judging import hold, judge_rows
from sscbtool.workflow.receiving import Request, receive

ROOT = Path(__file__).resolve().parents[1]
TRIED = int(os.environ.get("SSCBTOOL_MUTATIONS", "1000"))
IN_FILES = 40
SEED = 20190331
YEAR, BEFORE = "2018-19", "2017-18"
DAY, DAY_BEFORE = dt.date(2019, 3, 31), dt.date(2018, 3, 31)

# --------------------------------------------------------------------------- what each figure counts, in plain Python

DATED_BY = {
    "cla": "as_at",
    "contributions": "received_on",
    "cp_plans": "as_at",
    "elearning_completions": "completed_on",
    "engagement_events": "event_date",
    "knife_crime": "month",
    "lado_referrals": "received_on",
    "meetings": "meeting_date",
    "survey_responses": "submitted_on",
    "training_attendance": "session_date",
    "training_sessions": "session_date",
}
"""Returns whose rows belong to the year of their own date; a row of any other is of its file's year."""


@dataclass(frozen=True)
class Told:
    """What a figure tells of a plain count: the value that it shows, and whether the claim is true where that shows."""

    value: Any
    true: bool | None = None
    withheld: bool = False
    """The value is not shown, so that only the claim's truth is told."""


@dataclass(frozen=True)
class Count:
    """How the rows that a figure counts come to its value."""

    columns: tuple[str, ...]
    of: Callable[[list[dict]], Any]


def present(rows, column):
    return [row[column] for row in rows if row[column] is not None]


def total(column):
    return Count((column,), lambda rows: sum(values) if (values := present(rows, column)) else None)


def greatest(column):
    return Count((column,), lambda rows: max(present(rows, column), default=None))


def different(column):
    return Count((column,), lambda rows: len(set(present(rows, column))))


def listed(column):
    return Count((column,), lambda rows: tuple(sorted(set(present(rows, column)))) or None)


def items(column):
    return Count((column,), lambda rows: len(set(present(rows, column))) or None)


def share(column, *wanted):
    """Rows with one of some values, as a percentage of all rows."""
    return Count(
        (column,), lambda rows: Fraction(100 * sum(row[column] in wanted for row in rows), len(rows)) if rows else None
    )


ROWS = Count((), len)


@dataclass(frozen=True)
class Between:
    """What is known of a value where counts were withheld."""

    low: Fraction
    high: Fraction


def of_neglect(rows):
    """Children whose plan is for neglect, as a percentage of all; between two where some counts were withheld."""
    neglect = sum(present((row for row in rows if row["category"] == "NEG"), "children"))
    least, most = (sum(bound(row, "children", end) for row in rows) for end in ("low", "high"))
    if not least:
        return None
    low, high = Fraction(100 * neglect, most), Fraction(100 * neglect, least)
    return low if low == high else Between(low, high)


def bound(row, column, end):
    """A count, or the end of the interval that it was withheld as; nought where it is blank."""
    withheld = row.get(f"{column}__{end}")
    return (withheld if row[column] is None else row[column]) or 0


NEGLECT = Count(("category", "children"), of_neglect)
SCHOOLS = Count(("schools",), lambda rows: sum(len(each.split(";")) for each in present(rows, "schools")) or None)
CONTRACT = Count(
    ("entry_date", "ends_on"),
    lambda rows: max(
        (row["ends_on"].year - row["entry_date"].year for row in rows if row["ends_on"] and row["entry_date"]),
        default=None,
    ),
)


@dataclass(frozen=True)
class Claim:
    """Which rows of a return a figure counts, and how."""

    return_name: str
    count: Count
    where: Mapping[str, Any] = field(default_factory=dict)
    """Column -> the value, one of the values, or what must be true of the value."""
    year: str = YEAR
    told: Callable[[Any], Told] = Told
    against: Callable[[Any, Any], Told] | None = None
    """What is told where the year is held against the one before."""

    def reads(self):
        """The cells that it may depend on: (return, column)."""
        dated = DATED_BY.get(self.return_name)
        columns = dict.fromkeys((*self.where, *self.count.columns, *([dated] if dated else ())))
        own = [(self.return_name, column) for column in columns]
        if AT_DELIVERED in self.where.values():
            own += [("training_sessions", column) for column in ("session_id", "status", "mode", "session_date")]
        return own

    def counts(self, row, world, year=None):
        return row["_year"] == (year or self.year) and all(
            answers(row[column], wanted, world) for column, wanted in self.where.items()
        )

    def tells(self, world):
        """What the figure must tell of these rows."""
        rows = world[self.return_name]
        value = self.count.of([row for row in rows if self.counts(row, world)])
        if self.against is None:
            return self.told(value)
        return self.against(value, self.count.of([row for row in rows if self.counts(row, world, BEFORE)]))


def AT_DELIVERED(session, world):  # noqa: N802 - stands for a condition, as the other capitals do
    """The session was delivered face to face in the year."""
    return session is not None and any(
        each["session_id"] == session
        and (each["status"], each["mode"], each["_year"]) == ("delivered", "face_to_face", YEAR)
        for each in world["training_sessions"]
    )


def answers(value, wanted, world):
    if wanted is AT_DELIVERED:
        return wanted(value, world)
    if callable(wanted):
        return wanted(value)
    return value in wanted if isinstance(wanted, set) else value == wanted


def other_than(text):
    return lambda value: value is not None and value != text


def about(word):
    return lambda value: value is not None and word in value.casefold()


def within(first, last=dt.date.max):
    return lambda value: value is not None and first <= value <= last


def claim(return_name, how, year=YEAR, told=Told, against=None, **where):
    return Claim(return_name, how, where, year, told, against)


def slightly_lower(value, before):
    return Told(value, true=None not in (value, before) and Fraction(95, 100) * before <= value < before)


def change(value, before):
    return Told(None if value is None or not before else Fraction(100 * (value - before), before))


def indicator(number, letter):
    names = ("live_births", "age_0_4", "age_0_19", "age_0_19_projected", "minority_ethnic", "semh", "poverty_under_16")
    area = ("E09000028", "E12000007", "E92000001")[(number - 1) % 3]
    percent = letter == "b" or number > 18
    how = greatest("percent") if percent else total("count")
    return claim("population_indicators", how, indicator=names[(number - 1) // 3], area=area)


def milestone(reference, column):
    return claim("milestones", listed(column), milestone_ref=reference)


def document(name, how):
    return claim("document", how("item"), list_name=name)


def register(how, kind, **where):
    return claim("register_entries", how, entry_kind=kind, **where)


def event(how, kind, **where):
    return claim("engagement_events", how, event_type=kind, **where)


def meeting(how, group, **where):
    return claim("meetings", how, group_name=group, **where)


def referral(how, **where):
    return claim("lado_referrals", how, contact_type="referral", **where)


def paid(organisation):
    return claim("contributions", total("amount"), organisation=organisation)


def trained(column):
    came = {"attended", "walk_in"}
    return claim("training_attendance", different(column), booking_status=came, session_id=AT_DELIVERED)


OCTOBER, FEBRUARY = (
    within(dt.date(2018, 10, 1), dt.date(2018, 10, 31)),
    within(dt.date(2019, 2, 1), dt.date(2019, 2, 28)),
)
SERIOUS_VIOLENCE = "Knife Crime and Serious Violence Plan 2018/20"
ON_PLAN = {
    "plan_start": within(dt.date.min, DAY),
    "plan_end": lambda value: value is None or value > DAY,
}
BOROUGH = "E09000028"

CLAIMS = {
    **{f"P{n:02}{letter}": indicator(n, letter) for n in range(4, 19) for letter in "ab"},
    **{f"P{n:02}": indicator(n, "") for n in (1, 2, 3, 19, 20, 21)},
    **{
        figure: milestone(reference, "done_on")
        for figure, reference in {
            "F02": "MS01",
            "G05b": "MS02",
            "G06a": "MS03",
            "G11": "MS04",
            "G13": "MS06",
            "T08": "MS07",
            "C01c": "MS09",
            "C03": "MS11",
            "A03": "MS13",
            "X03": "MS17",
            "W01b": "MS19",
            "U02": "MS20",
            "U03": "MS21",
            "Z03b": "MS21",
            "Z06": "MS23",
        }.items()
    },
    **{
        figure: milestone(reference, "due_on")
        for figure, reference in {
            "G12": "MS05",
            "E02": "MS08",
            "C02": "MS10",
            "R02": "MS12",
            "H02": "MS14",
            "H03": "MS15",
            "D03": "MS16",
            "V04": "MS18",
            "Z02": "MS22",
            "Z04": "MS24",
            "Z05a": "MS25",
            "Z05b": "MS26",
        }.items()
    },
    **{
        figure: document(name, items)
        for figure, name in {
            "G02b": "Governance and review",
            "G02c": "Learning and development",
            "G03": "Key strategic questions",
            "G03b": "Responsibilities",
            "A02": "Aims of Audit and Learning",
            "A04": "Workstreams of Quality and Effectiveness",
            "D02": "Aims of Education subgroup",
            "W03": "Questions asked of families",
            "U01": "Teams of the all-age disability service",
            "N06": "Key themes of the neglect workshop",
            "Q06": "Key learning points of review 1",
        }.items()
    },
    **{
        figure: document(name, listed)
        for figure, name in {
            "G01c": "Headings of section 3",
            "Z01b": "Headings of section 5",
            "G10c": "Subgroups in contents",
        }.items()
    },
    "X02": claim("document", greatest("page"), list_name="Contents", item_no="3.1"),
    "P22": claim("population_indicators", listed("edition")),
    "F03": register(listed("result"), "inspection"),
    "F04": register(ROWS, "membership", title="Interim Chair"),
    "G01": register(items("title"), "priority", grouping="Thematic 2018/19"),
    "G01b": register(listed("title"), "priority", grouping="Thematic 2018/19"),
    "G02": register(items("title"), "priority", grouping="Priority groups 2018/19"),
    "Z01": register(listed("title"), "priority", grouping="Thematic 2019/20"),
    "G09a": register(ROWS, "membership", grouping="Southwark Council"),
    "G09b": register(ROWS, "membership", grouping="CCG/NHS"),
    "G09c": register(ROWS, "membership", grouping="Police"),
    "G09d": register(ROWS, "membership", grouping="Other Organisations"),
    "G09e": register(ROWS, "membership", grouping=other_than("Chair")),
    "G10": register(items("title"), "subgroup"),
    "G10b": register(listed("title"), "subgroup"),
    "G10d": register(ROWS, "subgroup", scope="joint"),
    "T06": register(CONTRACT, "contract"),
    "T06b": register(CONTRACT, "contract"),
    "A01": register(ROWS, "audit", entry_date=within(dt.date(2017, 4, 1))),
    "A01a": register(ROWS, "audit", title="Quality of strategy meetings"),
    "A01b": register(ROWS, "audit", title="Knife crime"),
    "A01c": register(ROWS, "audit", title="Multi Agency Risk Assessment Conferences"),
    "N04a": register(listed("entry_date"), "audit", title="Deep dive into neglect"),
    "N04b": register(listed("entry_date"), "audit", title="Neglect Needs Assessment"),
    "N04c": register(listed("entry_date"), "audit", title="Neglect multi-agency audit"),
    "V01a": register(listed("entry_date"), "grant", owner="MOPAC"),
    "V01b": register(listed("entry_date"), "grant", owner="HO"),
    "V02": register(ROWS, "interview"),
    "V03": register(different("owner"), "interview"),
    "K03": register(listed("entry_date"), "plan", title=SERIOUS_VIOLENCE),
    "K03b": register(listed("ends_on"), "plan", title=SERIOUS_VIOLENCE),
    "K04": register(listed("reviewed_on"), "plan", title=SERIOUS_VIOLENCE),
    "G05": claim("organisations", different("official_name"), statutory_partner="yes"),
    "G06b": claim("organisations", items("parent"), sector="police command"),
    "G06c": claim("organisations", different("official_name"), sector="police command"),
    "T01": claim("training_sessions", different("session_id"), status="delivered", mode="face_to_face"),
    "T02": trained("learner_id"),
    "T03": trained("organisation"),
    "T04": claim("elearning_completions", ROWS, status="completed", completed_on=within(dt.date.min)),
    "T05": claim("survey_responses", different("response_id")),
    "T05b": claim("survey_responses", listed("submitted_on")),
    "T05c": claim("survey_responses", different("organisation")),
    "E01": event(different("event_id"), "engagement_session"),
    "E01a": event(
        different("event_id"), "engagement_session", topic=lambda value: (value or "").casefold() == "domestic abuse"
    ),
    "E01b": event(
        different("event_id"), "engagement_session", topic=lambda value: (value or "").casefold() == "modern slavery"
    ),
    "Y01": event(listed("event_date"), "youth_voice"),
    "Y02": event(SCHOOLS, "youth_voice", event_date=OCTOBER),
    "Y03": event(total("attendees"), "youth_voice", event_date=OCTOBER),
    "Y04": event(listed("event_date"), "youth_voice"),
    "Y05": event(listed("event_date"), "youth_voice"),
    "W01": event(listed("event_date"), "workshop", topic=about("faith")),
    "W02": event(total("attendees"), "family_event", event_date=FEBRUARY),
    "W02b": event(listed("event_date"), "family_event"),
    "N02a": event(listed("event_date"), "workshop", topic=about("neglect")),
    "N02b": event(total("duration_days"), "workshop", topic=about("neglect")),
    "N03": event(total("attendees"), "workshop", topic=about("neglect")),
    "Z09": event(listed("event_date"), "workshop", topic=about("neglect")),
    "H01": meeting(listed("meeting_date"), "HR", lado_report="yes"),
    "D01": meeting(listed("meeting_date"), "EDU"),
    "D01b": meeting(ROWS, "EDU"),
    "X01": meeting(listed("meeting_date"), "CSE"),
    "N05": meeting(listed("meeting_date"), "BOARD", items=about("neglect")),
    "S01": claim("cp_plans", total("children"), as_at=DAY),
    "S01b": claim("cp_plans_child", different("child_id"), **ON_PLAN),
    "S02": claim("cla", total("children"), as_at=DAY, placement=other_than("short_break")),
    "S03": claim("cp_plans", total("children"), as_at={DAY, DAY_BEFORE}, against=slightly_lower),
    "S04": claim(
        "cla",
        total("children"),
        as_at={DAY, DAY_BEFORE},
        placement=other_than("short_break"),
        against=slightly_lower,
    ),
    "N01": claim("cp_plans", NEGLECT),
    "N01b": claim("cp_plans", NEGLECT, as_at=DAY),
    "N01c": claim("cp_plans", listed("as_at")),
    "L01": referral(different("case_ref")),
    "L02": referral(share("sector", "education", "early_years")),
    "L02b": referral(share("employer_size", "large")),
    "L03": claim("lado_referrals", different("case_ref"), contact_type="advice", sector={"education", "early_years"}),
    "M01": paid("MOPAC"),
    "M02": paid("CCG"),
    "M03": paid("SLAM"),
    "M04": paid("LFB"),
    "M05": paid("LBS"),
    "M06": paid("CAFCASS"),
    "M07": claim("contributions", total("amount")),
    "M08": claim("contributions", different("organisation"), amount=lambda value: value is not None and value > 0),
    "M08b": claim("in_kind", ROWS),
    "K01": claim("knife_crime", total("offences"), offence_group="all", area=BOROUGH, against=change),
    "K02": claim("knife_crime", total("offences"), offence_group="injury", area=BOROUGH, against=change),
    "Q01": claim(
        "case_reviews",
        listed("incident_on"),
        review_id="SCR-Y",
        told=lambda days: Told(None, any(day.year == 2017 for day in days) if days else None, withheld=True),
    ),
    "Q02": claim("case_reviews", listed("published_on"), review_id="SCR-Y"),
    "Q04": claim("case_reviews", different("review_id"), review_type="MALR"),
    "Q04a": claim("case_reviews", different("review_id"), review_type="MALR", review_status="complete"),
    "Q04b": claim("case_reviews", different("review_id"), review_type="MALR", review_status="ongoing"),
    "Q05": claim("case_reviews", listed("completed_on"), review_type="MALR"),
    "Q07": claim(
        "case_reviews",
        total("subjects"),
        review_id="MALR-2",
        told=lambda subjects: Told(None, None if subjects is None else subjects == 2, withheld=True),
    ),
    "Q03": claim(
        "review_actions",
        Count(
            ("owner_board",),
            lambda rows: (
                Fraction(100 * sum(row["owner_board"] not in ("SSCB", None) for row in rows), len(rows))
                if rows
                else None
            ),
        ),
        review_id="SCR-Y",
    ),
    "Q03b": claim("review_actions", listed("owner_board"), review_id="SCR-Y", rec_no="7"),
    "Q05b": claim("review_actions", ROWS, review_id="MALR-1"),
}
"""Figure of the year -> what it counts."""

CLAIMS_BEFORE = {
    "S01": claim("cp_plans", total("children"), BEFORE, as_at=DAY_BEFORE),
    "S02": claim("cla", total("children"), BEFORE, as_at=DAY_BEFORE, placement=other_than("short_break")),
    "K01": claim("knife_crime", total("offences"), BEFORE, offence_group="all", area=BOROUGH),
    "K02": claim("knife_crime", total("offences"), BEFORE, offence_group="injury", area=BOROUGH),
}
"""The same of the year before, whose rows the sample year holds for comparison."""

ALL_CLAIMS = {(YEAR, figure): each for figure, each in CLAIMS.items()} | {
    (BEFORE, figure): each for figure, each in CLAIMS_BEFORE.items()
}

DEPENDING = defaultdict(list)
"""(return, column) -> the figures that depend on its cells."""
for key, each in ALL_CLAIMS.items():
    for cell in each.reads():
        DEPENDING[cell].append(key)


def as_shown(value, unit):
    """A plain value as results show it."""
    match value:
        case None:
            return None
        case tuple():
            return "; ".join(each.isoformat() if isinstance(each, dt.date) else each for each in value)
        case Between(low=low, high=high):
            return f"{as_shown(low, unit)} to {as_shown(high, unit)}"
        case _ if unit == "GBP":
            return f"{value:.2f}"
    exact = Fraction(value)
    if exact.denominator == 1:
        return int(exact)
    if (10**6 * exact).denominator == 1:
        return f"{Decimal(int(10**6 * exact)).scaleb(-6).normalize():f}"
    return str(Decimal(round(100 * exact)).scaleb(-2))


# --------------------------------------------------------------------------- the sample year, and rows as plain values


@dataclass(frozen=True)
class Cell:
    """One data cell: of a row of a return, counted over its submissions in their order."""

    return_name: str
    k: int
    column: str


@dataclass(frozen=True)
class Change:
    """One cell that is given another value."""

    cell: Cell
    kind: str
    value: Any
    donor: int | None = None
    """The row whose value it takes, where it is another row's."""


def plain(value):
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.date() if isinstance(value, pd.Timestamp) else value


def year_of(row, return_name):
    """The financial year of a row's own date, else of its file."""
    day = row.get(DATED_BY.get(return_name, ""))
    if day is None:
        return row["_file_year"]
    first = day.year if day.month >= 4 else day.year - 1
    return f"{first}-{(first + 1) % 100:02}"


def plain_rows(submission):
    file_year = BEFORE if f"/{BEFORE}/" in submission.path else YEAR
    rows = []
    names = list(submission.frame.columns)
    for values in zip(*(submission.frame[name].astype(object) for name in names), strict=True):
        row = dict(zip(names, map(plain, values), strict=True)) | {"_file_year": file_year}
        rows.append(row | {"_year": year_of(row, submission.return_name)})
    return rows


@dataclass(frozen=True, eq=False)
class Sample:
    """The sample year as the program received it, and as plain rows."""

    judged: Any
    world: Mapping[str, list[dict]]
    tells: Mapping[tuple[str, str], Told]
    results: Mapping[tuple[str, str], Any]

    def submission(self, cell):
        """The submission that a cell's row came in, which it is, and the row's number in it."""
        inner = cell.k
        for n, each in enumerate(self.judged.received.submissions):
            if each.return_name == cell.return_name:
                if inner < len(each.frame):
                    return each, n, inner
                inner -= len(each.frame)
        raise AssertionError(cell)


def held(judged, wanted):
    """Some figures, of either year, held against a run's rows: (year, figure) -> result."""
    needed = {ALL_CLAIMS[key].return_name for key in wanted}
    needed |= {name for key in wanted for name, _ in ALL_CLAIMS[key].reads()}
    received = judged.received
    catalogue = replace(
        received.catalogue, returns={name: each for name, each in received.catalogue.returns.items() if name in needed}
    )
    submissions = [each for each in received.submissions if each.return_name in needed]
    narrow = replace(
        judged,
        received=replace(received, catalogue=catalogue),
        rows=gather(catalogue.returns, submissions),
    )
    found = {}
    for year in (YEAR, BEFORE):
        figures = [each for each in catalogue.figures[year] if (year, each.figure_id) in wanted]
        if figures:
            results = hold(replace(narrow, period=Period(int(year[:4]))), figures)
            found |= {(year, each.figure.figure_id): each for each in results}
    return found


@pytest.fixture(scope="module")
def sample():
    with contextlib.chdir(ROOT / "sample_data"):
        judged = judge_rows(receive(Request(paths=(YEAR,), period=YEAR)))
    world = defaultdict(list)
    for each in judged.received.submissions:
        world[each.return_name] += plain_rows(each)
    tells = {key: each.tells(world) for key, each in ALL_CLAIMS.items()}
    return Sample(judged, world, tells, held(judged, set(ALL_CLAIMS)))


# --------------------------------------------------------------------------- changes

RETURNS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("schemas/returns/*.yaml")}
numbers = count(1)


@cache
def allowed(return_name, column):
    return tuple((RETURNS[return_name]["columns"][column].get("checks") or {}).get("isin", ()))


def kinds_of(return_name, column):
    dtype = RETURNS[return_name]["columns"][column]["dtype"]
    if "datetime" in dtype:
        return ("next day", "year before", "year after", "month after", "blank", "filled")
    if "Decimal" in dtype:
        return ("least more", "least less", "other sign", "blank", "filled")
    if dtype == "Int64":
        return ("one more", "one less", "blank", "filled")
    if allowed(return_name, column):
        return ("other code", "blank", "filled")
    return ("of another row", "new", "part dropped", "blank", "filled")


def changed_value(kind, old, return_name, column, rng):
    """The value that a kind of change gives; None where it blanks; LookupError where it has nothing to change."""
    if (old is None) != (kind == "filled"):
        raise LookupError
    dtype = RETURNS[return_name]["columns"][column]["dtype"]
    match kind:
        case "blank":
            return None
        case "next day" | "year before" | "year after" | "month after":
            return old + dt.timedelta({"next day": 1, "year before": -366, "year after": 366, "month after": 31}[kind])
        case "least more" | "least less":
            least = Decimal("0.01") if dtype.endswith("2)") else Decimal("0.0001")
            return old + least if kind == "least more" else old - least
        case "other sign" if old:
            return -old
        case "one more" | "one less":
            return old + (1 if kind == "one more" else -1)
        case "other code":
            return rng.choice([each for each in allowed(return_name, column) if each != old])
        case "new":
            return f"Newcomer {next(numbers)}"
        case "part dropped" if ";" in old:
            return old.rpartition(";")[0]
        case "filled" if "datetime" in dtype:
            return dt.date(2018, 10, 10)
        case "filled" if dtype == "Int64" or "Decimal" in dtype:
            return Decimal(1) if "Decimal" in dtype else 1
        case "filled" if codes := allowed(return_name, column):
            return rng.choice(codes)
        case "filled":
            return f"Newcomer {next(numbers)}"
    raise LookupError


def change_of(kind, cell, sample, rng):
    rows = sample.world[cell.return_name]
    old = rows[cell.k][cell.column]
    if kind == "of another row" and old is not None:
        donor = rng.randrange(len(rows))
        value = rows[donor][cell.column]
        if value in (None, old):
            raise LookupError
        return Change(cell, kind, value, donor)
    return Change(cell, kind, changed_value(kind, old, cell.return_name, cell.column, rng))


def changes(sample, rng):
    """Changes without end of use: each figure's columns in turn, mostly in rows that it counts, each change once."""
    seen = set()

    def lot(claim_, return_name, column, kind):
        rows = sample.world[return_name]
        own = return_name == claim_.return_name
        chosen = [
            own and (claim_.counts(row, sample.world) or (claim_.against and claim_.counts(row, sample.world, BEFORE)))
            for row in rows
        ]
        counted = [k for k, yes in enumerate(chosen) if yes]
        others = [k for k, yes in enumerate(chosen) if not yes]
        rng.shuffle(counted)
        rng.shuffle(others)
        for pair in zip_longest(counted, others):
            for k in pair:
                if k is None or (k, return_name, column, kind) in seen:
                    continue
                seen.add((k, return_name, column, kind))
                with contextlib.suppress(LookupError):
                    yield change_of(kind, Cell(return_name, k, column), sample, rng)

    by_claim = [
        [
            lot(each, return_name, column, kind)
            for return_name, column in each.reads()
            for kind in kinds_of(return_name, column)
        ]
        for each in ALL_CLAIMS.values()
    ]
    for own in (*by_claim, by_claim):
        rng.shuffle(own)
    # A claim's lots in turn, so that no claim has to wait until all lots of another have been tried.
    lots = [each for turn in zip_longest(*by_claim) for each in turn if each is not None]
    while lots:
        for each in list(lots):
            found = next(each, None)
            if found is None:
                lots.remove(each)
            else:
                yield found


def altered_by(change_, sample):
    """The figures whose plain counts a change alters: (year, figure) -> what it must tell then."""
    cell = change_.cell
    rows = list(sample.world[cell.return_name])
    row = rows[cell.k] | {cell.column: change_.value}
    # What was withheld is so no more once the cell says something else.
    row |= {name: None for name in (f"{cell.column}__low", f"{cell.column}__high") if name in row}
    rows[cell.k] = row | {"_year": year_of(row, cell.return_name)}
    world = {**sample.world, cell.return_name: rows}
    told = {key: ALL_CLAIMS[key].tells(world) for key in DEPENDING[cell.return_name, cell.column]}
    return {key: each for key, each in told.items() if each != sample.tells[key]}


def with_change(change_, sample):
    """The run's rows with one cell changed, as if its file had said so."""
    cell = change_.cell
    submission, n, inner = sample.submission(cell)
    frame = submission.frame.copy(deep=False)
    frame[cell.column] = frame[cell.column].copy()
    value = pd.Timestamp(change_.value) if isinstance(change_.value, dt.date) else change_.value
    for bounded in (f"{cell.column}__low", f"{cell.column}__high"):
        if bounded in frame:
            frame[bounded] = frame[bounded].copy()
            frame.loc[inner, bounded] = pd.NA if value is None else value
    frame.loc[inner, cell.column] = pd.NA if value is None and frame[cell.column].dtype.kind != "M" else value
    periods = list(submission.periods)
    row = sample.world[cell.return_name][cell.k] | {cell.column: change_.value}
    periods[inner] = year_of(row, cell.return_name)
    received = sample.judged.received
    submissions = list(received.submissions)
    submissions[n] = replace(submission, frame=frame, periods=tuple(periods))
    return replace(sample.judged, received=replace(received, submissions=tuple(submissions)))


# --------------------------------------------------------------------------- in memory


class OneDatabase:
    """Stands for a database of each engine's own: starting DuckDB takes longer than all else that a change asks of it.

    Each engine works on a cursor, and what a cursor holds, temporary tables and views over rows, no other sees.
    """

    def __init__(self):
        self.database = duckdb.connect(":memory:", config={"threads": "1"})

    def execute(self, sql):
        assert sql.startswith("SET "), sql

    def cursor(self):
        return self.database.cursor()

    def close(self):
        """The next engine needs it still."""


@pytest.fixture
def one_database(monkeypatch):
    shared = OneDatabase()
    monkeypatch.setattr(duckdb, "connect", lambda *_, **__: shared)
    yield
    shared.database.close()


def test_the_plain_counts_are_those_of_every_figure_that_can_be_checked(sample):
    checkable = {
        (year, figure.figure_id)
        for year in (YEAR, BEFORE)
        for figure in sample.judged.received.catalogue.figures[year]
        if figure.comparator is not None
    }
    assert set(ALL_CLAIMS) == checkable
    for key, result in sample.results.items():
        told = sample.tells[key]
        assert result.status in (Status.HOLDS, Status.HOLDS_WITHIN_ROUNDING), key
        assert result.evidenced == as_shown(told.value, result.figure.unit), key
        assert told.true in (None, True), key
        assert told.withheld == (told.value is None), key


def test_rows_are_of_the_year_that_their_date_or_their_file_says(sample):
    for name, rows in sample.world.items():
        assert sample.judged.rows[name].periods == [row["_year"] for row in rows], name


def test_no_changed_cell_that_alters_a_counted_value_goes_unnoticed(sample, one_database, record_property):
    unnoticed, wrong, altered, equivalent = [], [], Counter(), Counter()
    tried = 0
    for each in changes(sample, random.Random(SEED)):
        if tried == TRIED:
            break
        told = altered_by(each, sample)
        if not told:
            equivalent[each.cell.return_name] += 1
            continue
        tried += 1
        altered.update(told.keys())
        for key, result in held(with_change(each, sample), set(told)).items():
            if same(result, sample.results[key]):
                unnoticed.append((key, each, result.status, result.evidenced))
            elif result.evidenced is not None and result.evidenced != as_shown(told[key].value, result.figure.unit):
                wrong.append((key, each, result.evidenced, told[key].value))
    record_property("equivalent", dict(equivalent))
    print(f"{tried} changes altered {len(altered)} figures {sum(altered.values())} times;", end=" ")
    print(f"{equivalent.total()} equivalent ones were not tried: {dict(equivalent)}.")
    assert unnoticed == []
    assert wrong == []
    assert tried == TRIED
    if tried >= 1000:
        assert {key for keys in DEPENDING.values() for key in keys} == set(altered)


def same(one, other):
    return (one.status, one.evidenced) == (other.status, other.evidenced)


# --------------------------------------------------------------------------- in real files


def rewritten(source, target, place=None, written=None):
    """A copy of a file, one cell of it written anew: ``place`` is its sheet, row and column, counted from 1.

    ``written`` makes the new content out of the old one and of a function that gives any other cell of the sheet.
    """
    target.parent.mkdir(parents=True)
    if source.suffix == ".csv":
        with source.open(encoding="utf-8", newline="") as text:
            lines = list(csv.reader(text))
        if place:
            _, row, column = place
            lines[row - 1][column - 1] = written(lines[row - 1][column - 1], lambda r, c: lines[r - 1][c - 1])
        with target.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows(lines)
        return
    book = openpyxl.load_workbook(source)
    if place:
        sheet, row, column = place
        cell = book[sheet].cell(row, column)
        cell.value = written(cell.value, lambda r, c: book[sheet].cell(r, c).value)
    book.save(target)


def in_writing(change_, donor):
    """What a person would type for a change; ``donor`` is the row and column whose content it takes, if any."""

    def write(old, look):
        value = change_.value
        if donor:
            return look(*donor)
        if isinstance(old, str | None):
            if value is None:
                return None if old is None else ""
            return f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else str(value)
        return value

    return write


def place_of(cell, k, sample):
    """The file, sheet, row and column where the value of a row stands; None where its file lacks the column."""
    submission, _, inner = sample.submission(replace(cell, k=k))
    column = int(submission.cells[cell.column][inner])
    return (submission.path, submission.sheet, int(submission.rows[inner]), column) if column else None


def changes_in_files(sample, rng):
    """Changes of cells that stand in a file that can be written again, no more than three a file."""
    in_file = Counter()
    for each in changes(sample, rng):
        place = place_of(each.cell, each.cell.k, sample)
        if place is None or not place[0].endswith((".csv", ".xlsx")) or in_file[place[0]] == 3:
            continue
        donor = None if each.donor is None else place_of(each.cell, each.donor, sample)
        if donor and donor[:2] != place[:2]:
            continue
        if told := altered_by(each, sample):
            in_file[place[0]] += 1
            yield each, place, donor and donor[2:], told


def open_findings(received, folder):
    """What validating finds in the one file under a folder that someone must mend or explain."""

    def own(path):
        return path is not None and Path(path).is_relative_to(folder)

    judged = judge_rows(
        replace(
            received,
            files=tuple(each for each in received.files if own(each.path)),
            submissions=tuple(each for each in received.submissions if own(each.path)),
            findings=tuple(each for each in received.findings if own(each.place.file)),
            unread_cells=tuple(each for each in received.unread_cells if own(each.file)),
            covers=tuple(each for each in received.covers if own(each[0])),
        )
    )
    return {(f.code, f.place.sheet, f.place.cell) for f in judged.findings if f.severity is not Severity.WARNING}


def with_file(sample, path, received, folder):
    """The sample year with a file of ``folder`` in the place of the one that it is a copy of."""
    kept = [each for each in sample.judged.received.submissions if each.path != path]
    copied = [each for each in received.submissions if Path(each.path).is_relative_to(folder)]
    return replace(sample.judged, received=replace(sample.judged.received, submissions=(*kept, *copied)))


def test_a_cell_changed_in_a_real_file_is_noticed_by_its_figures_or_by_validating(sample, one_database, tmp_path):
    chosen = list(islice(changes_in_files(sample, random.Random(SEED + 1)), IN_FILES))
    assert len(chosen) == IN_FILES
    paths = dict.fromkeys(place[0] for _, place, _, _ in chosen)
    unchanged = {path: tmp_path / "unchanged" / str(n) for n, path in enumerate(paths)}
    for path, folder in unchanged.items():
        rewritten(ROOT / "sample_data" / path, folder / path)
    for n, (each, place, donor, _) in enumerate(chosen):
        path, *where = place
        rewritten(ROOT / "sample_data" / path, tmp_path / "changed" / str(n) / path, where, in_writing(each, donor))
    received = receive(Request(paths=(str(tmp_path),), period=YEAR))

    unnoticed, noticed_by = [], Counter()
    for n, (each, place, _, told) in enumerate(chosen):
        path, folder = place[0], tmp_path / "changed" / str(n)
        as_it_was = held(with_file(sample, path, received, unchanged[path]), set(told))
        assert all(same(result, sample.results[key]) for key, result in as_it_was.items()), path
        results = held(with_file(sample, path, received, folder), set(told))
        blind = [key for key, result in results.items() if same(result, sample.results[key])]
        found = open_findings(received, folder) - open_findings(received, unchanged[path]) if blind else set()
        noticed_by.update(["figures" if not blind else "findings" if found else "nothing"])
        if blind and not found:
            unnoticed.append((path, each, blind))
    print(f"Changed cells in files, and by what they were noticed: {dict(noticed_by)}.")
    assert unnoticed == []
