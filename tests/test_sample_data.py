"""The sample year is what it says: counted here by plain loops over the cells, without any of our own reading."""

import csv
import datetime as dt
import hashlib
import re
import subprocess
import sys
import unicodedata
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlrd
from pandera.io.pandas_io import from_yaml

ROOT = Path(__file__).resolve().parents[1]
YEAR = ROOT / "sample_data" / "2018-19"
FAULTY = ROOT / "sample_data" / "2018-19-with-faults"
START, END = dt.date(2018, 4, 1), dt.date(2019, 3, 31)
SCHEMA_CODES = re.compile(r"\bcode: (SSCB-[A-Z]+-\d+)\n\s+severity: (\w+)")


def rows_of(path, sheet, header):
    """The rows below the header, as dictionaries; ``header`` is its row number."""
    page = openpyxl.load_workbook(path, data_only=True)[sheet]
    names = [cell.value for cell in page[header]]
    return [dict(zip(names, row, strict=True)) for row in page.iter_rows(min_row=header + 1, values_only=True)]


def day(value):
    if isinstance(value, dt.datetime):
        return value.date()
    return dt.date(*(int(part) for part in reversed(value.split("/"))))


def plain(name):
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("&", " and ").split())


@pytest.fixture(scope="module")
def codes():
    """Any way of writing an organisation -> its code."""
    with (ROOT / "schemas" / "organisations.csv").open(encoding="utf-8", newline="") as source:
        return {
            plain(name): row["code"]
            for row in csv.DictReader(source)
            for name in (row["code"], row["name"], *row["aliases"].split(";"))
            if name.strip()
        }


@pytest.fixture(scope="module")
def training():
    book = next(YEAR.glob("SSCB/*training record*.xlsx"))
    sessions = [row for row in rows_of(book, "Sessions", 5) if row["Session ref"] != "Total"]
    return sessions, rows_of(book, "Attendance", 3)


@pytest.fixture(scope="module")
def delivered(training):
    return {
        row["Session ref"]
        for row in training[0]
        if row["Status"].lower() in {"delivered", "ran", "completed"}
        and row["Format"].lower() in {"face to face", "face-to-face", "in person", "classroom"}
        and START <= day(row["Date"]) <= END
    }


@pytest.fixture(scope="module")
def came(training, delivered):
    return [
        row
        for row in training[1]
        if row["Attendance"].lower() in {"attended", "yes", "present", "walk-in", "walked in"}
        and row["Session ref"] in delivered
    ]


@pytest.fixture(scope="module")
def export():
    with next(YEAR.glob("SSCB/elearning*.csv")).open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def test_forty_five_sessions_count_of_more_that_were_planned(training, delivered):
    assert len(delivered) == 45
    assert len(training[0]) > 60


def test_three_hundred_and_forty_people_came_and_more_were_booked(training, came):
    assert len({row["Learner ref"] for row in came}) == 340
    assert len({row["Learner ref"] for row in training[1]}) > 340
    assert len(came) > 340


def test_they_came_from_eighty_one_organisations_under_many_more_names(training, came, codes):
    assert len({codes[plain(row["Agency"])] for row in came}) == 81
    assert len({codes[plain(row["Agency"])] for row in training[1]}) > 81
    assert len({row["Agency"] for row in came}) > 150


@pytest.mark.parametrize("heading", ["Status", "Format", "Date"])
def test_no_reason_for_leaving_a_session_out_can_be_forgotten(training, delivered, heading):
    """Sessions that fail on one ground alone stand on the list, so that forgetting that ground shows."""
    grounds = {
        "Status": lambda row: row["Status"].lower() in {"delivered", "ran", "completed"},
        "Format": lambda row: row["Format"].lower() not in {"webinar", "online"},
        "Date": lambda row: START <= day(row["Date"]) <= END,
    }
    forgetful = [row for row in training[0] if all(holds(row) for name, holds in grounds.items() if name != heading)]
    assert len(forgetful) > len(delivered)


def test_one_person_came_from_two_organisations(came, codes):
    places = {}
    for row in came:
        places.setdefault(row["Learner ref"], set()).add(codes[plain(row["Agency"])])
    assert sorted(len(each) for each in places.values())[-2:] == [1, 2]


def test_every_organisation_of_the_export_is_registered(export, codes):
    assert all(plain(row["Institution"]) in codes for row in export)


def test_three_hundred_and_sixty_eight_completions_fall_in_the_year(export):
    done = [row for row in export if row["Completion status"] in {"Completed", "Passed"}]
    assert len([row for row in done if START <= day(row["Completion date"]) <= END]) == 368
    assert len(done) > 368
    assert len(export) > 440


def amounts():
    """Payer's folder -> the payments of the year, read cell by cell."""
    mopac = rows_of(next(YEAR.glob("MOPAC/*")), "Payments", 1)
    yield from (("MOPAC", Decimal(str(row["Amount"])), day(row["Date paid"])) for row in mopac)
    quarters = rows_of(next(YEAR.glob("CCG/*")), "SSCB", 4)
    yield from (("CCG", Decimal(str(row[f"Q{n}"])), None) for row in quarters for n in range(1, 5))
    slam = rows_of(next(YEAR.glob("SLAM/*")), "Sheet1", 1)
    for row in slam:
        yield "SLAM", Decimal(row["Contribution amount"].lstrip("£").replace(",", "")), day(row["Payment date"])
    fire = xlrd.open_workbook(next(YEAR.glob("LFB/*"))).sheet_by_index(0)
    for number in range(1, fire.nrows):
        yield (
            "LFB",
            Decimal(str(fire.cell_value(number, 1))),
            xlrd.xldate_as_datetime(fire.cell_value(number, 2), 0).date(),
        )
    for row in rows_of(next(YEAR.glob("LBS/*journals*")), "Journals", 5)[:4]:
        yield "LBS", Decimal(str(row["Amount (£)"])), day(row["Date"])
    with next(YEAR.glob("CAFCASS/*")).open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            sign = -1 if row["Amount"].endswith("-") else 1
            yield "CAFCASS", sign * Decimal(row["Amount"].rstrip("-")), day(row["Posting Date"])


def test_contributions_add_up_to_the_penny_by_payer_and_in_all():
    received = {}
    for payer, amount, date in amounts():
        if date is None or START <= date <= END:
            received[payer] = received.get(payer, 0) + amount
    assert received == {
        "MOPAC": Decimal("5000"),
        "CCG": Decimal("60000"),
        "SLAM": Decimal("5000"),
        "LFB": Decimal("500"),
        "LBS": Decimal("63421.50"),
        "CAFCASS": Decimal("550"),
    }
    assert sum(received.values()) == Decimal("134471.50")
    assert sum(amount for _, amount, _ in amounts()) != Decimal("134471.50"), "payments of other years are among them"


def lines_of(name):
    with (YEAR / name).open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def snapshot(folder, sheet, header, when, label, number):
    """Category -> children on one day; total rows carry no day."""
    book = next((YEAR / folder).glob("*snapshots*.xlsx"))
    rows = rows_of(book, sheet, header)
    return {row[label]: row[number] for row in rows if isinstance(row[when], dt.datetime) and day(row[when]) == END}


def test_three_hundred_and_twenty_nine_children_are_on_a_plan_in_either_layout():
    by_category = snapshot("LBS", "CP plans", 4, "Snapshot date", "Category of abuse", "Children on plan")
    plans = lines_of("LBS/Annex A List 7 child protection.csv")
    started = [row for row in plans if day(row["Child Protection Plan Start Date"]) <= END]
    ended = [row["Child Protection Plan End Date"] for row in started]
    open_plans = [row for row, end in zip(started, ended, strict=True) if not end or day(end) > END]
    assert len({row["Child Unique ID"] for row in open_plans}) == sum(by_category.values()) == 329
    neglect = [row for row in open_plans if row["Latest Category of Abuse"] == "Neglect"]
    assert len(neglect) == by_category["Neglect"] == 164
    assert any(end == "31/03/2019" for end in ended), "a plan that ended on the day itself does not count"
    assert any(end == "02/04/2019" for end in ended), "a plan that ended later does"


def test_small_numbers_are_withheld_in_the_quarters_and_given_at_the_years_end():
    book = next(YEAR.glob("LBS/*snapshots*.xlsx"))
    rows = [row for row in rows_of(book, "CP plans", 4) if isinstance(row["Snapshot date"], dt.datetime)]
    withheld = {row["Snapshot date"].date() for row in rows if row["Children on plan"] == "[c]"}
    assert len(withheld) == 3
    assert END not in withheld


def test_four_hundred_and_fifty_nine_children_are_looked_after_without_short_breaks():
    by_placement = snapshot("LBS", "CLA", 3, "As at", "Placement type", "Number of children")
    short = by_placement.pop("Short breaks")
    assert (sum(by_placement.values()), short > 0) == (459, True)


def test_most_of_a_hundred_and_forty_six_referrals_come_from_schools_and_nurseries():
    log = lines_of("LBS/LADO log 2018-19.csv")
    referrals = [row for row in log if row["Type of contact"] == "Referral"]
    assert len(referrals) == len({row["LADO ref"] for row in referrals}) == 146
    assert len(log) > 146
    assert len([row for row in referrals if row["Sector"] in {"School", "Nursery"}]) * 2 > 146
    assert len([row for row in referrals if row["Size of employer"] == "Large"]) * 2 > 146


@pytest.mark.parametrize(("offence", "change"), [("Knife crime", -10), ("Knife crime with injury", -25)])
def test_knife_crime_fell_by_the_printed_percentages_in_the_borough_alone(offence, change):
    totals = {}
    for name in ("MPS/Knife crime by month 2018-19.csv", "2017-18/MPS/Knife crime by month 2017-18.csv"):
        for row in lines_of(name):
            if row["Offence type"] == offence:
                area = totals.setdefault(row["Borough"], [])
                area.append(int(row["Number of offences"]))
    now, before = (sum(totals["Southwark"][part]) for part in (slice(0, 12), slice(12, 24)))
    assert round(100 * (now - before) / before) == change
    command, prior = (sum(totals["BCU"][part]) for part in (slice(0, 12), slice(12, 24)))
    assert round(100 * (command - prior) / prior) != change, "the whole command's offences tell another story"


def test_over_ninety_people_of_over_forty_organisations_were_spoken_to(codes):
    spoken = lines_of("SSCB/Review interview log.csv")
    assert len(spoken) > 90
    assert len({codes[plain(row["Organisation"])] for row in spoken}) > 40


def test_two_hundred_and_thirty_eight_people_answered_and_gave_more_reasons_than_that():
    answers = lines_of("SSCB/Training survey export.csv")
    assert len({row["Respondent ID"] for row in answers}) == len(answers) == 238
    assert sum(len(row["What stops you attending"].split(";")) for row in answers) > 238


def test_the_ledger_and_its_splits_come_to_what_payers_say_they_paid():
    text = (YEAR / "LBS" / "SSCB ledger extract 2018-19.xls").read_bytes().decode("utf-16")
    ledger = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    income = Decimal(0)
    for row in ledger:
        amount = Decimal(row["Amount in LC"].rstrip("-").replace(",", ""))
        income += amount if row["Amount in LC"].endswith("-") else -amount
    splits = lines_of("LBS/SSCB receipts split between boards.csv")
    to_others = sum(Decimal(row["Split amount"]) for row in splits if row["Fund"] != "SSCB")
    assert income - to_others == Decimal("134471.50")
    agreed = rows_of(next(YEAR.glob("LBS/*agreed*")), "2018-19", 4)
    assert sum(Decimal(str(row["Agreed contribution"])) for row in agreed[:6]) == Decimal("134471.50")


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_script_writes_the_same_bytes_again(tmp_path):
    subprocess.run([sys.executable, ROOT / "sample_data" / "make.py", tmp_path], check=True, capture_output=True)
    assert hashes(tmp_path / YEAR.name) == hashes(YEAR)
    assert hashes(tmp_path / FAULTY.name) == hashes(FAULTY)
    for name in ("planted_faults.csv", "planted_breaks.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "tests" / "cases" / name).read_bytes()


def test_the_sample_years_stay_small():
    assert sum(path.stat().st_size for year in (YEAR, FAULTY) for path in year.rglob("*") if path.is_file()) < 1_500_000


def test_each_planted_fault_has_a_code_a_cell_and_a_file_that_is_there():
    with (ROOT / "tests" / "cases" / "planted_faults.csv").open(encoding="utf-8", newline="") as source:
        plants = list(csv.DictReader(source))
    faults = [plant for plant in plants if plant["severity"] != "refused"]
    assert len({plant["code"] for plant in faults}) >= 12
    assert {plant["severity"] for plant in faults} == {"error", "query"}
    assert all(re.fullmatch(r"[A-Z]+\d+", plant["cell"]) for plant in faults)
    assert all((FAULTY / plant["file"]).is_file() for plant in plants)


def test_planted_codes_have_the_severity_that_their_schema_gives_them():
    said = {}
    for path in (ROOT / "schemas" / "returns").glob("*.yaml"):
        said |= dict(SCHEMA_CODES.findall(path.read_text(encoding="utf-8")))
    with (ROOT / "tests" / "cases" / "planted_faults.csv").open(encoding="utf-8", newline="") as source:
        worded = [plant for plant in csv.DictReader(source) if plant["code"] in said]
    assert len(worded) >= 12
    assert [plant for plant in worded if plant["severity"] != said[plant["code"]]] == []


@pytest.mark.parametrize("path", sorted((ROOT / "schemas" / "returns").glob("*.yaml")), ids=lambda path: path.stem)
def test_stock_pandera_reads_each_schema_file(path):
    schema = from_yaml(path)
    assert set(schema.metadata["columns"]) == set(schema.columns)
    for rule in schema.metadata["rules"]:
        assert set(rule.get("columns", [rule.get("column")])) <= set(schema.columns), rule["code"]
        assert rule["says"].endswith("."), rule["code"]
        assert rule["fix"].endswith("."), rule["code"]
