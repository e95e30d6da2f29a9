"""Children: plans and placements, allegations against staff, deaths, knife crime, contacts and the population.

No child is real. Counts by category come from the invented plans themselves, so that the two layouts agree.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from generator.files import YEAR_END, YEAR_START, File, Formula, Sheet, table, to_csv, to_xlsx, typed
from generator.people import Organisation

PRIOR_END = YEAR_START - dt.timedelta(1)
QUARTER_ENDS = (dt.date(2018, 6, 30), dt.date(2018, 9, 30), dt.date(2018, 12, 31), YEAR_END)
CATEGORIES = {
    "NEG": "Neglect",
    "EMO": "Emotional abuse",
    "PHY": "Physical abuse",
    "SAB": "Sexual abuse",
    "MUL": "Multiple",
}


def children(organisations: dict[str, Organisation], rng: random.Random) -> list[File]:
    """What social care, the police and public health send about children."""
    made = plans(rng)
    return [
        _social_care(made),
        _social_care_before(made),
        _annex_a(made, rng),
        _lado_log(organisations, rng),
        _hub(rng),
        _deaths(),
        _knife_crime(rng, "2018-19"),
        _knife_crime(rng, "2017-18"),
        _profile(),
    ]


# --------------------------------------------------------------------------- child protection plans


@dataclass(frozen=True)
class Plan:
    """One child protection plan."""

    child_id: str
    start: dt.date
    end: dt.date | None
    first: str
    latest: str

    def open_at(self, day: dt.date) -> bool:
        """Whether it is open at the end of the day."""
        return self.start <= day and (self.end is None or self.end > day)


OPEN_AT_END = {"NEG": 164, "EMO": 113, "PHY": 34, "SAB": 15, "MUL": 3}
ENDED = {"NEG": 125, "EMO": 88, "PHY": 24, "SAB": 12, "MUL": 1}


def plans(rng: random.Random) -> list[Plan]:
    """329 plans open on 31 March 2019, 338 a year before: 241 started in between, 250 ended."""
    numbers = rng.sample(range(20001, 29999), 579)
    remain = [code for code, number in OPEN_AT_END.items() for _ in range(number)]
    ended = [code for code, number in ENDED.items() for _ in range(number)]
    rng.shuffle(remain)
    rng.shuffle(ended)
    made = []
    for n, code in enumerate(remain):
        start = _within_year(rng) if n < 150 else _before_year(rng)
        made.append(Plan(f"C{numbers.pop()}", start, None, _first(code, rng), code))
    for n, code in enumerate(ended):
        if n < 91:
            start = _within_year(rng, last=290)
            end = min(start + dt.timedelta(60 + rng.randrange(200)), YEAR_END)
        else:
            start, end = _before_year(rng), _within_year(rng)
        made.append(Plan(f"C{numbers.pop()}", start, end, _first(code, rng), code))
    # The edges: a plan that starts on the day itself counts, one that ends on it does not, one that ends after does.
    made[0] = Plan(made[0].child_id, YEAR_END, None, made[0].first, made[0].latest)
    made[200] = Plan(made[200].child_id, made[200].start, dt.date(2019, 4, 2), made[200].first, made[200].latest)
    made[-1] = Plan(made[-1].child_id, made[-1].start, YEAR_END, made[-1].first, made[-1].latest)
    assert sum(plan.open_at(YEAR_END) for plan in made) == 329
    assert sum(plan.open_at(PRIOR_END) for plan in made) == 338
    return sorted(made, key=lambda plan: (plan.start, plan.child_id))


def _within_year(rng: random.Random, last: int = 364) -> dt.date:
    return YEAR_START + dt.timedelta(rng.randrange(last))


def _before_year(rng: random.Random) -> dt.date:
    return PRIOR_END - dt.timedelta(rng.randrange(420))


def _first(latest: str, rng: random.Random) -> str:
    """The category at the start: now and then another one than the latest."""
    return latest if rng.random() < 0.9 else rng.choice(list(CATEGORIES))


WITHHELD = 5
"""Numbers up to this one are not given, but for nought."""
PLACEMENTS = (
    ("Foster care", (338, 334, 331, 327), 346), ("Connected persons", (46, 46, 44, 45), 47),
    ("Residential", (37, 38, 36, 36), 35), ("Semi-independent", (33, 32, 35, 34), 31),
    ("Placed for adoption", (11, 9, 12, 10), 8), ("Placed with parents", (4, 5, 4, 5), 2),
    ("Other", (2, 3, 2, 2), 1), ("Short breaks", (14, 15, 14, 13), 16),
)  # fmt: skip
"""Placement, children at each quarter's end, and a year before: 459 and 470 without short breaks."""


def _snapshots(made: list[Plan], days: tuple[dt.date, ...]) -> Sheet:
    """Each day's five categories and their total under them; small numbers are withheld but at the year's end."""
    sheet = Sheet("CP plans", widths=(16, 24, 18))
    sheet.row(1, "Children subject to a child protection plan")
    sheet.row(2, "Position at the end of the day shown, by latest category of abuse.")
    if len(days) > 1:
        sheet.row(3, "[c]: one to five children, withheld in the quarters' figures; the year's end is given in full.")
    sheet.row(4, "Snapshot date", "Category of abuse", "Children on plan")
    row = 5
    for day in days:
        counts = Counter(plan.latest for plan in made if plan.open_at(day))
        small = {code for code in CATEGORIES if 1 <= counts[code] <= WITHHELD and day not in (PRIOR_END, YEAR_END)}
        for code, name in CATEGORIES.items():
            sheet.row(row, day, name, "[c]" if code in small else counts[code])
            row += 1
        total = counts.total() if small else Formula(f"=SUM(C{row - 5}:C{row - 1})", counts.total())
        sheet.row(row, "Total", None, total)
        row += 1
    return sheet


def _placements(days: tuple[dt.date, ...], column: tuple[tuple[int, ...], ...]) -> Sheet:
    heading = ("As at", "Placement type", "Number of children")
    rows = [
        (day, name, number)
        for day, numbers in zip(days, column, strict=True)
        for (name, _, _), number in zip(PLACEMENTS, numbers, strict=True)
    ]
    return table("CLA", heading, rows, "Children looked after by the council, by placement")


def _social_care(made: list[Plan]) -> File:
    columns = tuple(zip(*(numbers for _, numbers, _ in PLACEMENTS), strict=True))
    pages = [_snapshots(made, QUARTER_ENDS), _placements(QUARTER_ENDS, columns)]
    return File("LBS/Childrens social care snapshots 2018-19.xlsx", pages, to_xlsx)


def _social_care_before(made: list[Plan]) -> File:
    """The last day of the year before: what "the same time last year" is held against."""
    before = (tuple(number for _, _, number in PLACEMENTS),)
    pages = [_snapshots(made, (PRIOR_END,)), _placements((PRIOR_END,), before)]
    return File("2017-18/LBS/Childrens social care snapshots 2017-18.xlsx", pages, to_xlsx)


def _annex_a(made: list[Plan], rng: random.Random) -> File:
    heading = (
        "Child Unique ID", "Child Protection Plan Start Date", "Initial Category of Abuse", "Latest Category of Abuse",
        "Date of the Last Statutory Visit", "Child Protection Plan End Date",
        "Number of Previous Child Protection Plans",
    )  # fmt: skip
    rows = []
    for plan in made:
        last = plan.end or YEAR_END
        visit = max(plan.start, last - dt.timedelta(rng.randrange(30)))
        previous = str(rng.choice((0, 0, 0, 0, 1, 1, 2)))
        names = CATEGORIES[plan.first], CATEGORIES[plan.latest]
        rows.append((plan.child_id, typed(plan.start), *names, typed(visit), typed(plan.end), previous))
    return File("LBS/Annex A List 7 child protection.csv", [table(None, heading, rows)], to_csv)


# --------------------------------------------------------------------------- allegations against staff

SECTORS = {
    "School": (58, 41), "Nursery": (31, 24), "Foster care": (19, 9), "Children's social care": (8, 5),
    "Health": (7, 4), "Residential": (6, 2), "Voluntary": (5, 3), "Faith group": (3, 1), "Leisure": (4, 2),
    "Transport": (3, 1), "Police": (2, 1),
}  # fmt: skip
"""Sector -> referrals and calls for advice: 146 referrals, 89 of them from schools and nurseries."""


def _lado_log(organisations: dict[str, Organisation], rng: random.Random) -> File:
    schools = {"School": ("PRI", "SEC", "SPE"), "Nursery": ("EYS",)}
    rows = []
    large = 82
    for sector, (referrals, advice) in SECTORS.items():
        for kind, number in (("Referral", referrals), ("Advice only", advice)):
            for _ in range(number):
                received = YEAR_START + dt.timedelta(rng.randrange(365))
                employers = [o for o in organisations.values() if o.code.startswith(schools.get(sector, ("None",)))]
                employer = rng.choice(employers).name if employers else ""
                size = rng.choice(("Medium", "Small"))
                if kind == "Referral" and sector in schools and large:
                    size, large = "Large", large - 1
                outcome = rng.choice(OUTCOMES) if kind == "Referral" else "NFA"
                days = 14 + rng.randrange(60)
                closed = received + dt.timedelta(days) if outcome != "Ongoing" else None
                rows.append([received, kind, sector, size, employer, outcome, typed(closed)])
    rows.sort(key=lambda row: (row[0], row[2], row[4]))
    heading = (
        "LADO ref", "Date received", "Type of contact", "Sector", "Size of employer", "Employer", "Outcome",
        "Date closed",
    )  # fmt: skip
    numbered = [(f"LADO{n:03}", typed(row[0]), *row[1:]) for n, row in enumerate(rows, start=1)]
    return File("LBS/LADO log 2018-19.csv", [table(None, heading, numbered)], to_csv)


OUTCOMES = ("Unsubstantiated", "Unsubstantiated", "Substantiated", "Unfounded", "NFA", "NFA", "Ongoing", "False")


# --------------------------------------------------------------------------- contacts, deaths


def _hub(rng: random.Random) -> File:
    heading = ("Month commencing", "Contact source", "Number of contacts", "Became referrals")
    sources = {"Police": 310, "Schools": 170, "Health": 140, "Housing": 60, "Family or friends": 45}
    rows = []
    for month in _months(2018):
        for source, usual in sources.items():
            contacts = usual + rng.randrange(-20, 30)
            rows.append((typed(month), source, str(contacts), str(contacts * rng.randrange(14, 26) // 100)))
    return File("LBS/MASH contacts 2018-19.csv", [table(None, heading, rows)], to_csv)


def _deaths() -> File:
    """Deaths notified and deaths whose review was completed: different children, in different numbers."""
    heading = ("Quarter ending", "Notified or reviewed", "Number of deaths")
    numbers = {"Notified": (7, 9, 6, 8), "Review completed": (6, 11, 5, 7)}
    rows = [
        (typed(day), cohort, str(deaths[n])) for n, day in enumerate(QUARTER_ENDS) for cohort, deaths in numbers.items()
    ]
    return File("SSCB/CDOP quarterly figures 2018-19.csv", [table(None, heading, rows)], to_csv)


def _months(first: int) -> list[dt.date]:
    return [dt.date(first + (n + 3) // 12, (n + 3) % 12 + 1, 1) for n in range(12)]


# --------------------------------------------------------------------------- knife crime

KNIFE = {"2017-18": (812, 206), "2018-19": (731, 154)}
"""Offences of the borough, and those with injury: a change of -9.98 and of -25.24 per cent."""


def _knife_crime(rng: random.Random, year: str) -> File:
    """The borough, its neighbour in the same police command, and the command as a whole."""
    months = _months(int(year[:4]))
    offences, injury = (_spread(total, len(months), rng) for total in KNIFE[year])
    rows = []
    for n, month in enumerate(months):
        other = rng.randrange(58, 74), rng.randrange(13, 19)
        for area, (every, injured) in (
            ("Southwark", (offences[n], injury[n])),
            ("Lambeth", other),
            ("BCU", (offences[n] + other[0], injury[n] + other[1])),
        ):
            rows.append((typed(month), area, "Knife crime", str(every), "12/04/2019"))
            rows.append((typed(month), area, "Knife crime with injury", str(injured), "12/04/2019"))
    heading = ("Month commencing", "Borough", "Offence type", "Number of offences", "Extract date")
    folder = "" if year == "2018-19" else f"{year}/"
    return File(f"{folder}MPS/Knife crime by month {year}.csv", [table(None, heading, rows)], to_csv)


def _spread(total: int, parts: int, rng: random.Random) -> list[int]:
    """``total`` in uneven parts that add up to it."""
    weights = [rng.randrange(80, 121) for _ in range(parts)]
    shares = [total * weight // sum(weights) for weight in weights]
    for n in range(total - sum(shares)):
        shares[n] += 1
    return shares


# --------------------------------------------------------------------------- the population

AREAS = (("E09000028", "Southwark"), ("E12000007", "London"), ("E92000001", "England"))
INDICATORS = (
    ("Live births", "2017", ((4381, None), (126308, None), (646794, None)), ""),
    ("Children (age 0 to 4 years)", "2017",
     ((21084, 314232), (623713, 8825001), (3384925, 55619430)), "Resident population, mid-2017"),
    ("Children (age 0 to 19 years)", "2017",
     ((70812, 314232), (2184482, 8825001), (13169072, 55619430)), "Resident population, mid-2017"),
    ("Children (age 0 to 19 years) in 2027 (projected)", "2027",
     ((76480, 341500), (2367520, 9585000), (13904810, 58670000)), "Projected population, 2027"),
    ("School children from minority ethnic groups", "2018",
     ((32034, 40549), (914322, 1240600), (2544753, 7878500)), "Pupils of known ethnicity, January 2018"),
    ("School pupils with social, emotional and mental health needs", "2018",
     ((1089, 41900), (30776, 1282300), (193657, 8069000)), "All pupils, January 2018"),
)  # fmt: skip
"""Indicator, year, count and denominator by area, what the denominator is."""
POVERTY = ("23.2", "18.8", "17.0")


def _profile() -> File:
    """A download of the profile's data: counts not rounded, percentages to four places."""
    heading = (
        "Indicator Name", "Area Code", "Area label", "Time period", "Value", "Count", "Denominator", "Denominator used",
        "Value note", "Profile",
    )  # fmt: skip
    profile = "Child Health Profiles 2019"
    rows = []
    for name, year, cells, used in INDICATORS:
        for (code, label), (count, of) in zip(AREAS, cells, strict=True):
            percent = f"{Decimal(count * 100) / of:.4f}" if of else ""
            note = "[f]" if year == "2027" else ""
            rows.append((name, code, label, year, percent, str(count), str(of or ""), used, note, profile))
    for (code, label), percent in zip(AREAS, POVERTY, strict=True):
        name = "Children living in poverty (age under 16 years)"
        rows.append((name, code, label, "2016", percent, "", "", "", "", profile))
    return File("PHE/Child health profile data.csv", [table(None, heading, rows)], to_csv)
