"""Proof-reading, rolling the register, years and restatements, as a person runs them."""

import csv
import re
from pathlib import Path

import pytest
from openpyxl import Workbook
from tests.cli.conftest import ROOT, run

SEEDS = ROOT.parent / "shared" / "seeds"
STATEMENT = "At the end of March 2019, there were {} children on a child protection plan."


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    texts = sorted(SEEDS.glob("*.txt"))
    if not texts:
        pytest.skip("the published report is not beside this checkout")
    return texts[0]


@pytest.fixture(scope="session")
def of_published(published):
    return proofed(published)


@pytest.fixture
def board(tmp_path):
    assert run("init", tmp_path / "board").code == 0
    return tmp_path / "board"


def proofed(path, *options):
    ran = run("proof", path, "--period", "2018-19", "--format", "json", *options)
    assert ran.code in (0, 1), ran.err
    return ran.json["proof"]


def test_a_changed_number_an_unregistered_one_and_a_mixed_style_are_told_and_exit_with_one(tmp_path):
    draft = tmp_path / "draft.txt"
    draft.write_text(STATEMENT.format(331) + "\n\nIn 2019-20 some 77 schools took part.\nIn 2019/20 more.\n")
    ran = run("proof", draft, "--period", "2018-19")
    assert ran.code == 1
    assert "the register says 329" in ran.out
    assert "77" in ran.out
    assert "written in 2 ways" in ran.out


def test_a_draft_that_says_what_the_register_says_is_clean(tmp_path):
    draft = tmp_path / "draft.md"
    draft.write_text(STATEMENT.format(329))
    ran = run("proof", draft, "--period", "2018-19", "--format", "json")
    assert ran.code == 0
    assert ran.json["outcome"] == "clean"
    assert ran.json["proof"]["counts"]["registered"] == 2


def test_the_year_is_the_one_that_the_draft_names_and_that_is_said(tmp_path):
    draft = tmp_path / "draft.txt"
    draft.write_text(f"Annual report 2018/19\n\n{STATEMENT.format(329)}\n")
    ran = run("proof", draft)
    assert ran.code == 0
    assert "the year that it names most" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.docx", b"PK\x03\x04", 3),
        ("a.txt", b"", 3),
        ("a.txt", b"No numbers here at all.", 4),
        ("a.txt", b"Of 1931-32 there is nothing.", 4),
    ],
)
def test_a_draft_that_cannot_be_judged_says_so(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    period = ("--period", "2018-19") if b"at all" in content else ()
    ran = run("proof", tmp_path / name, *period)
    assert ran.code == code
    assert ran.err.count("\n") == 1


def test_rows_are_drafted_for_what_is_not_registered_and_load_once_added(tmp_path, board):
    draft, rows = tmp_path / "draft.txt", tmp_path / "rows.csv"
    draft.write_text("1 Schools\n\nIn all 77 schools took part, at a cost of £1,250.\n")
    proofed(draft, "--propose", rows)
    with rows.open(encoding="utf-8", newline="") as file:
        drafted = list(csv.DictReader(file))
    assert [(row["value"], row["unit"]) for row in drafted] == [("77", "schools"), ("1250", "GBP")]
    assert all(row["statement"] in draft.read_text() for row in drafted)
    register = board / "schemas" / "figures" / "2018-19.csv"
    register.write_text(
        register.read_text("utf-8") + "".join(rows.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8"
    )
    ran = run("--workspace", board, "proof", draft, "--period", "2018-19", "--format", "json")
    assert ran.json["proof"]["counts"]["unregistered"] == 0
    assert run("proof", draft, "--period", "2018-19", "--propose", rows).code == 2


def test_next_years_register_keeps_statements_blanks_values_moves_days_and_overwrites_nothing(board):
    ran = run("--workspace", board, "figures", "roll", "2018-19", "2019-20", "--format", "json")
    assert ran.code == 0, ran.err
    with (board / "schemas/figures/2018-19.csv").open(encoding="utf-8-sig", newline="") as file:
        before = {row["figure_id"]: row for row in csv.DictReader(file)}
    with (board / "schemas/figures/2019-20.csv").open(encoding="utf-8-sig", newline="") as file:
        after = {row["figure_id"]: row for row in csv.DictReader(file)}
    assert list(after) == list(before)
    assert all(after[k]["statement"] == row["statement"] for k, row in before.items())
    assert {row["value"] for row in after.values() if row["comparator"] not in ("every", "half", "majority")} == {""}
    assert after["S01"]["as_at"] == "2020-03-31"
    assert "2019-10-01" in after["Y02"]["where"]
    listed = run("--workspace", board, "figures", "list", "--format", "json").json["registers"]
    assert {row["period"]: row["figures"] for row in listed}["2019-20"] == len(before)
    assert run("--workspace", board, "schemas", "test").code == 0
    again = run("--workspace", board, "figures", "roll", "2018-19", "2019-20")
    assert again.code == 2
    assert "already" in again.err


def test_figures_of_a_rolled_register_cannot_be_worked_out_until_they_have_values(board, tmp_path):
    run("--workspace", board, "figures", "roll", "2018-19", "2019-20")
    paid = book(tmp_path / "paid.xlsx", ("Contribution", "Total", "Date received"), ("CAFCASS", 550, "01/05/2019"))
    ran = run("--workspace", board, "reconcile", paid, "--period", "2019-20", "--section", "2.4", "--format", "json")
    statuses = {figure["figure_id"]: figure["status"] for figure in ran.json["figures"]}
    assert statuses["M06"] == "not_computable"


def test_a_trend_shows_each_year_with_its_change(sample):
    ran = run("summary", "knife_crime", sample, "--trend", "--period", "2018-19", "--format", "json")
    steps = [s for s in ran.json["summary"]["trend"] if s["measure"] == "offences" and s["return"] == "knife_crime"]
    assert [(s["period"], s["percent_change"]) for s in steps] == [("2017-18", None), ("2018-19", "-10.0")]
    assert steps[1]["change"] == steps[1]["value"] - steps[0]["value"]
    shown = run("summary", "knife_crime", sample, "--trend", "--period", "2018-19")
    assert "over the years" in shown.out
    assert "-10.0%" in shown.out


def book(path, *rows, cover=()):
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    if cover:
        sheet = workbook.create_sheet("Cover")
        for row in cover:
            sheet.append(row)
    workbook.save(path)
    return path


@pytest.mark.parametrize(("status", "restated"), [("Final", True), ("Provisional", False)])
def test_a_final_return_that_unsettles_a_figure_published_for_an_earlier_year_is_a_restatement(
    board, tmp_path, status, restated
):
    register = board / "schemas" / "figures"
    text = (register / "2018-19.csv").read_text("utf-8").splitlines()
    kept = [line.replace("5000.00", "5500.00") for line in text if line.startswith(("figure_id", "M01"))]
    (register / "2017-18.csv").write_text("\n".join(kept) + "\n", "utf-8")
    cover = (("Return", "contributions"), ("Period", "2017-18"), ("Status", status), ("Partner", "MOPAC"))
    paid = book(tmp_path / "late.xlsx", ("Contribution", "Total"), ("MOPAC", 5000), cover=cover)
    now = book(tmp_path / "now.xlsx", ("Contribution", "Total", "Date received"), ("CAFCASS", 550, "01/05/2018"))
    ran = run("--workspace", board, "reconcile", paid, now, "--period", "2018-19", "--format", "json")
    found = [f for f in ran.json["findings"] if f["code"] == "SSCB-RST-1"]
    assert [("M01" in f["message"], f["severity"], Path(f["file"]).name) for f in found] == (
        [(True, "warning", "late.xlsx")] if restated else []
    )


# --------------------------------------------------------------------------- the published report


def test_every_number_of_the_published_report_is_accounted_for(of_published):
    about = of_published
    counts = about["counts"]
    assert counts["numbers"] == sum(n for standing, n in counts.items() if standing != "numbers") > 200
    assert (counts["stale"], counts["withheld"], counts["awaited"]) == (0, 0, 0)
    assert counts["unregistered"] <= 3
    assert about["absent"] == []
    assert {style["style"] for style in about["year_styles"]} == {"2018/19", "2018-2019", "2018/2019", "2018-19"}
    assert [span["text"] for span in about["year_spans"]] == ["2018/20"]
    assert ("SSAB", "SSCB") in {(name["name"], name["meant"]) for name in about["names"]}


def test_a_change_to_any_registered_number_of_the_published_report_is_seen(published, of_published, tmp_path):
    """Every registered plain number raised at once, each in its own place: none is still taken for registered."""
    lines = published.read_text("utf-8").split("\n")
    own = [n for n in of_published["numbers"] if n["standing"] == "registered"]
    plain = [n for n in own if re.fullmatch(r"£?[0-9][0-9,]*(\.[0-9]+)?%?", n["text"]) and n["kind"] != "date"]
    raised = {}
    for number in plain:
        at = int(number["place"].split()[1]) - 1
        changed = re.sub(r"[0-9](?=[^0-9]*$)", lambda d: str((int(d[0]) + 1) % 10), number["text"])
        lines[at] = re.sub(rf"(?<![\w.,£]){re.escape(number['text'])}(?![\w%]|[.,][0-9])", changed, lines[at], count=1)
        raised.setdefault(at, []).append(changed)
    draft = tmp_path / "draft.txt"
    draft.write_text("\n".join(lines), "utf-8")
    found = proofed(draft)["numbers"]
    at_all = [n for n in found if n["text"] in raised.get(int(n["place"].split()[1]) - 1, ())]
    seen = [n for n in at_all if n["standing"] in ("stale", "unregistered")]
    assert len(plain) >= 50
    assert len(seen) >= 0.97 * len(plain)
    assert sum(n["standing"] == "stale" for n in seen) >= 0.9 * len(plain)


def test_the_published_report_broken_into_short_lines_and_pages_is_matched_as_well(published, of_published, tmp_path):
    before = of_published["counts"]
    broken = []
    for line in published.read_text("utf-8").split("\n"):
        words, row = line.split(" "), ""
        for word in words if len(line) > 200 else ():
            if len(row) + len(word) > 70:
                broken.append(row)
                row = ""
            row = f"{row} {word}".strip()
        broken.append(row if len(line) > 200 else line)
    draft = tmp_path / "draft.txt"
    draft.write_text("\n".join(broken), "utf-8")
    after = proofed(draft)["counts"]
    assert (after["registered"], after["unregistered"]) == (before["registered"], before["unregistered"])
