"""The faulty twin's breaks: well-formed cells that no longer bear a published figure out, each for its own reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from generator.files import YEAR_END, File, Sheet

D = dt.date
CONTRADICTED, NOT_EVIDENCED, NOT_COMPUTABLE = "contradicted", "not_evidenced", "not_computable"


@dataclass(frozen=True)
class Break:
    """A published figure, what must be said of it, and why."""

    figure_id: str
    status: str
    reason: str


class Paper:
    """A sheet by its headings; rows are the sheet's numbers."""

    def __init__(self, sheet: Sheet, heading: int) -> None:
        self.sheet, self.heading = sheet, heading
        self.columns = {value: column for (row, column), value in sheet.cells.items() if row == heading}

    def rows(self, **wanted: Any) -> Iterator[int]:
        """Rows whose cells are as wanted; a heading's spaces and brackets are left out of its name here."""
        columns = {self._plain(name): column for name, column in self.columns.items()}
        for row in range(self.heading + 1, self.sheet.last_row + 1):
            if all(self.sheet.cells.get((row, columns[name])) == value for name, value in wanted.items()):
                yield row

    def row(self, **wanted: Any) -> int:
        """The first such row."""
        return next(self.rows(**wanted))

    def get(self, row: int, name: str) -> Any:
        """The cell under a heading."""
        return self.sheet.cells.get((row, self.columns[name]))

    def put(self, row: int, name: str, value: Any) -> None:
        """Another value for the cell; None empties it."""
        place = row, self.columns[name]
        if value is None:
            self.sheet.cells.pop(place, None)
        else:
            self.sheet.cells[place] = value

    def add(self, *values: Any) -> None:
        """One row more."""
        self.sheet.row(self.sheet.last_row + 1, *values)

    def drop(self, row: int) -> None:
        """One row fewer; those below move up."""
        kept = {place: value for place, value in self.sheet.cells.items() if place[0] != row}
        self.sheet.cells = {(r - (r > row), column): value for (r, column), value in kept.items()}

    @staticmethod
    def _plain(name: str) -> str:
        return "".join(character if character.isalnum() else "_" for character in name.lower())


BY_PLANTED_FAULTS = (
    Break("T01", CONTRADICTED, "sessions in the programme that the report does not count"),
    Break("T02", CONTRADICTED, "a shared mailbox counted as a person, and people added to a list"),
    Break("T03", CONTRADICTED, "an organisation whose name only looks like a registered one"),
    Break("T04", CONTRADICTED, "completions given twice, or that cannot be right"),
    Break("M02", CONTRADICTED, "a quarter lost to an error cell"),
    Break("M03", CONTRADICTED, "a payment given twice"),
    Break("M04", CONTRADICTED, "a negative amount that nothing cancels"),
    Break("M06", CONTRADICTED, "payments whose dates cannot be read, taken for the year's"),
    Break("M07", CONTRADICTED, "payments that are wrong, in the total of all of them"),
    Break("M08", CONTRADICTED, "a payer that is not in the register"),
)
"""What the planted faults of ``generator.faults`` do to the figures besides being found."""

REGISTERS, TRACKER = "SSCB/SSCB registers 2018-19.xlsx", "SSCB/Case review tracker 2018-19.xlsx"

Papers = Callable[..., Paper]
Say = Callable[..., None]


def broken(files: list[File]) -> tuple[list[File], list[Break]]:
    """The year with its breaks, and all figures that it no longer bears out, those of planted faults among them."""
    by_name = {file.path: file for file in deepcopy(files)}
    found = list(BY_PLANTED_FAULTS)

    def paper(path: str, sheet: str | None = None, heading: int = 1) -> Paper:
        return Paper(by_name[path].sheet(sheet), heading)

    def say(figure_id: str, reason: str, status: str = CONTRADICTED) -> None:
        found.append(Break(figure_id, status, reason))

    for change in (
        _population, _social_care, _plans_by_child, _allegations, _knife_crime, _survey, _registers, _interviews,
        _forward_plan, _meetings, _events, _reviews, _partners, _lists,
    ):  # fmt: skip
        change(paper, say)
    return list(by_name.values()), found


def _population(paper: Papers, say: Say) -> None:
    page = paper("PHE/Child health profile data.csv")

    def row(indicator: str, area: str = "Southwark") -> int:
        return page.row(indicator_name=indicator, area_label=area)

    page.put(row("Live births"), "Count", "4318")
    say("P01", "two digits of a count have changed places")
    page.put(row("Children (age 0 to 4 years)"), "Count", "21184")
    say("P04a", "a count that rounds to the next hundred")
    page.put(row("Children (age 0 to 19 years)"), "Value", "22.4350")
    say("P07b", "a percentage of another year's population")
    page.put(row("School pupils with social, emotional and mental health needs"), "Value", None)
    say("P16b", "a percentage left blank", NOT_COMPUTABLE)
    poverty = row("Children living in poverty (age under 16 years)")
    page.put(poverty, "Area Code", "E09000022")
    say("P19", "the neighbouring borough's row in place of the borough's", NOT_EVIDENCED)
    page.put(row("Live births", "England"), "Profile", "Child Health Profiles 2018")
    say("P22", "one row taken from last year's edition")


def _social_care(paper: Papers, say: Say) -> None:
    path = "LBS/Childrens social care snapshots 2018-19.xlsx"
    plans = paper(path, "CP plans", 4)
    for day in (D(2018, 6, 30), D(2018, 9, 30), D(2018, 12, 31)):
        _move(plans, day, "Neglect", "Emotional abuse", 40)
    say("N01", "children moved from neglect to emotional abuse in three quarters of four")
    for row in list(plans.rows(snapshot_date=D(2018, 9, 30))):
        plans.put(row, "Snapshot date", D(2018, 10, 1))
    say("N01c", "the second quarter counted a day late, in the third")
    _fewer(plans, YEAR_END, "Emotional abuse", 7)
    plans.put(plans.row(snapshot_date=YEAR_END, category_of_abuse="Multiple"), "Children on plan", "[c]")
    say("S01", "seven children left out of one category, which no number withheld in another can make good")
    before = paper("2017-18/LBS/Childrens social care snapshots 2017-18.xlsx", "CP plans", 4)
    _fewer(before, D(2018, 3, 31), "Emotional abuse", 20)
    say("S03", "last year's count, corrected, is below this year's")
    placements = paper(path, "CLA", 3)
    foster = placements.row(as_at=YEAR_END, placement_type="Foster care")
    breaks = placements.row(as_at=YEAR_END, placement_type="Short breaks")
    here, short = (placements.get(row, "Number of children") for row in (foster, breaks))
    placements.put(foster, "Number of children", here + short)
    placements.put(breaks, "Number of children", 0)
    say("S02", "short breaks counted among foster care")
    before = paper("2017-18/LBS/Childrens social care snapshots 2017-18.xlsx", "CLA", 3)
    for row in list(before.rows(as_at=D(2018, 3, 31))):
        before.put(row, "As at", D(2018, 3, 30))
    say("S04", "last year's children counted on another day than the last", NOT_COMPUTABLE)


def _move(page: Paper, day: dt.date, source: str, target: str, number: int) -> None:
    for category, step in ((source, -number), (target, number)):
        row = page.row(snapshot_date=day, category_of_abuse=category)
        page.put(row, "Children on plan", page.get(row, "Children on plan") + step)


def _fewer(page: Paper, day: dt.date, category: str, number: int) -> None:
    """Fewer children in one category, and in the day's total with it."""
    row = page.row(snapshot_date=day, category_of_abuse=category)
    page.put(row, "Children on plan", page.get(row, "Children on plan") - number)
    last = max(page.rows(snapshot_date=day)) + 1
    page.put(last, "Children on plan", page.get(last, "Children on plan").result - number)


def _plans_by_child(paper: Papers, say: Say) -> None:
    page = paper("LBS/Annex A List 7 child protection.csv")
    page.put(page.row(child_protection_plan_end_date="31/03/2019"), "Child Protection Plan End Date", "01/04/2019")
    say("S01b", "a plan that ended on the last day is shown as ending on the day after")


def _allegations(paper: Papers, say: Say) -> None:
    page = paper("LBS/LADO log 2018-19.csv")
    page.put(page.row(type_of_contact="Advice only", sector="Police"), "Type of contact", "Referral")
    say("L01", "a call for advice logged as a referral")
    for row in list(page.rows(type_of_contact="Referral", sector="School"))[:20]:
        page.put(row, "Sector", "Not known")
    say("L02", "the sector of twenty referrals not recorded")
    for row in list(page.rows(type_of_contact="Referral", size_of_employer="Large")):
        page.put(row, "Size of employer", None)
    say("L02b", "the size of large employers left blank")


def _knife_crime(paper: Papers, say: Say) -> None:
    page = paper("MPS/Knife crime by month 2018-19.csv")
    december = {"month_commencing": "01/12/2018", "borough": "Southwark", "offence_type": "Knife crime"}
    page.put(page.row(**december), "Number of offences", None)
    say("K01", "one month of offences left blank")
    march = {"month_commencing": "01/03/2019", "offence_type": "Knife crime with injury"}
    command = page.get(page.row(borough="BCU", **march), "Number of offences")
    page.put(page.row(borough="Southwark", **march), "Number of offences", command)
    say("K02", "one month of the whole police command given as the borough's")


def _survey(paper: Papers, say: Say) -> None:
    page = paper("SSCB/Training survey export.csv")
    for n in (1, 2):
        page.add(f"R9{n:03}", *(page.get(1 + n, name) for name in list(page.columns)[1:]))
    say("T05", "two answers given again under new numbers")
    page.put(5, "Date submitted", "14/09/2018")
    say("T05b", "an answer dated in September, not at the start of the year")


def _registers(paper: Papers, say: Say) -> None:
    page = paper(REGISTERS, "Registers", 3)
    page.put(page.row(entry="Lay Members"), "Group", "Other agencies")
    say("G09d", "a member listed under another heading")
    page.put(page.row(register="Subgroup", entry="CSE Strategic"), "Entry", "MASE")
    say("G10b", "a subgroup under the name of another group")
    page.put(page.row(register="Subgroup", entry="Human Resources"), "Board", "SSCB")
    say("G10d", "a joint subgroup shown as the children's board's alone")
    page.put(page.row(entry="SEND", group="Thematic 2018/19"), "Entry", "Disability")
    say("G01b", "a priority under another name")
    page.drop(page.row(entry="Neglect", group="Thematic 2019/20"))
    say("Z01", "a priority not carried into the next year")
    page.drop(page.row(entry="Private fostering"))
    say("G02", "a priority group missing from the register")
    page.put(page.row(entry="Multi Agency Risk Assessment Conferences"), "Entry", "Domestic abuse conferences")
    say("A01c", "an audit entered under another title", NOT_EVIDENCED)
    page.put(page.row(entry="Neglect Needs Assessment"), "Start date", D(2016, 6, 30))
    say("N04b", "an assessment dated a year later")
    page.put(page.row(entry="Neglect multi-agency audit"), "Start date", None)
    say("N04c", "an audit without a date", NOT_COMPUTABLE)
    page.put(page.row(register="Plan"), "Last refreshed", D(2018, 3, 19))
    say("K04", "a plan last refreshed in the year before")
    page.put(page.row(owner="Home Office"), "Start date", D(2019, 4, 4))
    say("V01b", "a grant made after the year's end")
    page.put(page.row(register="Inspection"), "Result", "Requires improvement")
    say("F03", "another judgement in the register of inspections")


def _interviews(paper: Papers, say: Say) -> None:
    page = paper("SSCB/Review interview log.csv")
    names = [page.get(row, "Organisation") for row in page.rows()]
    seldom = [name for name in dict.fromkeys(names) if names.count(name) == 1]
    for name in seldom[:9]:
        page.put(page.row(organisation=name), "Organisation", "Southwark Council")
    say("V03", "interviews credited to the council instead of the organisations")
    for _ in range(6):
        page.drop(max(row for row in page.rows() if page.get(row, "Organisation") == "Southwark Council"))
    say("V02", "ninety interviews are not over ninety")


def _forward_plan(paper: Papers, say: Say) -> None:
    page = paper(REGISTERS, "Forward plan", 3)
    page.put(page.row(ref="MS11"), "Done", None)
    say("C03", "a needs assessment not shown as done", NOT_COMPUTABLE)
    page.put(page.row(ref="MS14"), "Due", D(2020, 6, 30))
    say("H02", "a subgroup planned to end a year late")
    page.put(page.row(ref="MS22"), "Due", D(2019, 9, 30))
    say("Z02", "a needs assessment planned for the autumn")
    page.put(page.row(ref="MS01"), "Done", D(2017, 8, 14))
    say("F02", "a step dated a month later")
    page.drop(page.row(ref="MS18"))
    say("V04", "a milestone missing from the forward plan", NOT_EVIDENCED)


def _meetings(paper: Papers, say: Say) -> None:
    page = paper(REGISTERS, "Meetings", 1)
    page.put(page.row(group="Human Resources", date_of_meeting=D(2018, 12, 13)), "LADO report", "No")
    say("H01", "a quarter without a report of the LADO")
    page.put(page.row(group="Education", date_of_meeting=D(2018, 6, 12)), "Date of meeting", D(2018, 9, 11))
    say("D01", "three meetings in the year, but none in the summer term")
    page.put(page.row(group="CSE Strategic"), "Date of meeting", D(2018, 10, 2))
    say("X01", "a meeting held in the month after")
    page.put(page.row(group="Board", date_of_meeting=D(2019, 3, 13)), "Agenda items", "Harm and exploitation hub")
    say("N05", "no minute of the item", NOT_EVIDENCED)


def _events(paper: Papers, say: Say) -> None:
    page = paper(REGISTERS, "Events", 3)

    def put(event: str, heading: str, value: Any, figure_id: str, reason: str) -> None:
        page.put(page.row(event_ref=event), heading, value)
        say(figure_id, reason)

    put("EV01", "Topic", "Healthy relationships", "E01a", "a session entered under another topic")
    put("EV06", "Date held", D(2019, 3, 5), "W01", "a workshop held in the month after")
    put("EV07", "Number attending", 60, "W02", "sixty people are not over sixty")
    put("EV08", "Number attending", 84, "N03", "two digits of a number of people have changed places")
    put("EV08", "Length (days)", "1", "N02b", "a whole day for half a day")
    put("EV09", "Date held", D(2019, 3, 27), "Y05", "an event held on the day after")
    schools = page.get(page.row(event_ref="EV03"), "Schools (URN)")
    put("EV03", "Schools (URN)", schools.rsplit("; ", maxsplit=1)[0], "Y02", "a school left out of the list")
    put("EV03", "Number attending", 120, "Y03", "a number beyond the band declared for approximately")
    page.add("EV10", D(2018, 9, 5), "Extremism", "Engagement session", "Prevent", "Community Southwark", 19, "Exact")
    say("E01", "an engagement session that the report does not count")


def _reviews(paper: Papers, say: Say) -> None:
    page = paper(TRACKER, "Reviews", 3)
    page.put(page.row(review_ref="SCR-Y"), "Published", D(2018, 9, 17))
    say("Q02", "a review published ten days later")
    page.put(page.row(review_ref="MALR-1"), "Final report", D(2018, 11, 19))
    say("Q05", "a final report completed a month later")
    page.put(page.row(review_ref="MALR-2"), "Young people concerned", 3)
    say("Q07", "another number of young people in a review")
    page.add("MALR-3", "Multi-agency learning review", "Commissioned", None, D(2019, 3, 20))
    say("Q04", "a review commissioned that the report does not count")
    actions = paper(TRACKER, "Actions", 3)
    for number in ("1", "2"):
        actions.put(actions.row(review_ref="SCR-Y", rec_no=number), "For board", "SSCB")
    say("Q03", "recommendations given to the wrong board")


def _partners(paper: Papers, say: Say) -> None:
    page = paper("SSCB/Partnership organisations.csv")
    page.put(page.row(organisation_code="MOPAC"), "Statutory partner", "Yes")
    say("G05", "a funder marked as a statutory partner")


def _lists(paper: Papers, say: Say) -> None:
    page = paper("SSCB/Lists in the report.csv")
    page.drop(page.row(list="Key themes of the neglect workshop", item_no="2"))
    say("N06", "an item missing from a list of the draft")
    page.add("Key learning points of review 1", "9", "Transitions to adult services", "")
    say("Q06", "an item more in a list of the draft")
    page.put(page.row(list="Contents", item_no="3.1"), "Page", "17")
    say("X02", "a page that moved after the reference to it was written")
