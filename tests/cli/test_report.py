"""``report`` as a person and a script run it."""

import json
import re
import shutil

import pytest
from tests.cli.conftest import ROOT, run


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    assert run("init", folder).code == 0
    assert run("--workspace", folder, "ingest", ROOT / "sample_data" / "2018-19").code == 0
    return folder


def test_the_page_says_in_its_first_sentence_that_the_sample_year_stands(sample):
    ran = run("report", sample, "--period", "2018-19")
    assert ran.code == 0
    assert ran.out.startswith("<!DOCTYPE html>\n")
    assert "The figures stand. All 172 figures that can be checked agree with the returns." in ran.out
    assert "£134,471.50" in ran.out


def test_the_page_of_the_faulty_year_says_what_does_not_stand_and_withholds_what_is_disclosive(faulty):
    ran = run("report", faulty, "--period", "2018-19")
    assert ran.code == 3
    assert "Not all the figures stand: of the 172 that can be checked" in ran.out
    (row,) = re.findall(
        r"<tr[^>]*>\s*<th[^>]*><span class=\"code\">Q07</span>.*?</tr>",
        ran.out.split("Every figure</h2>")[1],
        re.DOTALL,
    )
    assert row.count("[c]") == 2
    assert "It is never published" in row


def test_the_format_follows_the_ending_of_the_file(sample, tmp_path):
    for name, start in (("a.html", b"<!DOCTYPE"), ("a.xlsx", b"PK"), ("a.md", b"# Do the figures"), ("a.json", b"{\n")):
        assert run("report", sample, "--period", "2018-19", "--output", tmp_path / name).code == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    assert run("report", sample, "--format", "markdown", "--output", tmp_path / "b.html").code == 0
    assert (tmp_path / "b.html").read_text().startswith("# Do the figures")


def test_an_e_mail_leaves_out_what_is_only_looked_up(sample):
    letter = run("report", sample, "--period", "2018-19", "--format", "markdown").out
    assert letter.startswith("# Do the figures of 2018-19 stand?\n\n- ✓ They stand The figures stand.")
    assert "fingerprint" not in letter
    assert len(letter) < 8_000


def test_the_json_is_the_same_with_a_store_and_without_and_whenever_it_is_made(sample, workspace):
    alone = run("report", sample, "--period", "2018-19", "--format", "json").json
    once = run("--workspace", workspace, "report", sample, "--period", "2018-19", "--format", "json")
    again = run("--workspace", workspace, "report", sample, "--period", "2018-19", "--format", "json", TZ="Asia/Tokyo")
    assert once.out == again.out
    for each in (alone, told := json.loads(once.out)):
        each.pop("signoff")
    assert alone == told
    assert set(told["report"]) == {"document", "trend", "ledgers", "explanations", "stored", "definitions"}


def test_the_page_names_the_head_of_the_run_log_where_there_is_a_store(sample, workspace):
    written = run("--workspace", workspace, "report", sample, "--period", "2018-19").out
    assert "Returns by partner" in run("--workspace", workspace, "report", "--period", "2018-19").out
    assert re.search(r"Head of the run log</dt><dd>.*?[0-9a-f]{64}", written)
    assert "Head of the run log" not in run("report", sample, "--period", "2018-19").out


def test_the_ledger_of_each_fund_has_a_verdict_of_its_own_apart_from_that_on_the_figures(sample, tmp_path):
    """One brigade agreed to 750 and paid 500; a sheet of another fund agrees 300 that nobody has paid."""
    assert run("init", tmp_path / "board").code == 0
    with (tmp_path / "board" / "sscbtool.toml").open("a", encoding="utf-8") as settings:
        settings.write('[ledger.funds.SSCB]\ngl_accounts = ["*"]\n[ledger.funds."Other board"]\nwbs = ["none"]\n')
    agreed = (
        "London Borough of Southwark,SSCB,63421.50,Journal",
        "Southwark CCG,SSCB,60000,Invoice",
        "MOPAC,SSCB,5000,Invoice",
        "SLaM,SSCB,5000,Invoice",
        "CAFCASS,SSCB,550,Invoice",
        "London Fire Brigade,SSCB,750,Invoice",
        "London Fire Brigade,Other board,300,Invoice",
    )
    returns = tmp_path / "board" / "returns" / "2018-19"
    shutil.copytree(sample, returns)
    (returns / "LBS" / "SSCB contributions agreed 2018-19.xlsx").unlink()
    lines = ["Organisation,Fund,Agreed contribution,Method", *agreed]
    (returns / "LBS" / "agreed 2018-19.csv").write_text("\n".join(lines), encoding="utf-8")

    def told(*options):
        return run("--workspace", tmp_path / "board", "report", returns, "--period", "2018-19", *options)

    found = told("--format", "json")
    assert (found.code, found.json["outcome"]) == (1, "findings")
    ledgers = {each["fund"]: each["closing"] for each in found.json["report"]["ledgers"]}
    assert {fund: closing["totals"]["agreed"] for fund, closing in ledgers.items()} == {
        "Other board": "300.00",
        "SSCB": "134721.50",
    }
    page = told().out
    assert "All 172 figures that can be checked agree with the returns" in page
    assert "Ledger SSCB: £134,471.50 was received, £250.00 less than was agreed." in page
    assert "Ledger Other board: £0.00 was received, £300.00 less than was agreed." in page
    assert "settle or explain each break of the ledger" in page
    headings = re.findall(
        r"<th scope=\"col\"[^>]*>(.*?)</th>", page.split("Ledger SSCB by organisation")[1].split("</thead>")[0]
    )
    assert [re.sub("<.*?>", "", each) for each in headings] == [
        "Organisation", "Agreed", "Invoiced", "Received", "Difference", "Status",
    ], "a sheet of A4 has room for no more"  # fmt: skip
    for fund, amount in (("SSCB", "-£250.00"), ("Other board", "-£300.00")):
        (broken,) = [each for each in ledgers[fund]["lines"] if each["organisation"] == "LFB"]
        asked = ("--fund", fund, "--period", "2018-19", "--reason", f"Letter about {fund}", "--until", "2099-12-31")
        assert run("--workspace", tmp_path / "board", "explain", broken["id"], returns, *asked).code == 0
        letter = told("--format", "markdown").out
        (row,) = [line for line in letter.splitlines() if line.startswith(f"| {broken['id']} | Ledger {fund} LFB: ")]
        assert row.split(" | ")[1:3] == [f"Ledger {fund} LFB: {amount}", f"Letter about {fund}"]
        assert row.endswith("31/12/2099 |")
    assert "settle or explain each break of the ledger" not in letter
    assert "2 explained (£550.00)" in letter


def test_funds_that_no_setting_tells_apart_are_closed_together_so_that_no_money_counts_twice(sample, tmp_path):
    shutil.copytree(sample / "LBS", tmp_path / "LBS")
    (tmp_path / "LBS" / "SSCB contributions agreed 2018-19.xlsx").unlink()
    agreed = "Organisation,Fund,Agreed contribution\nSouthwark CCG,SSCB,60000\nLondon Fire Brigade,Other,300\n"
    (tmp_path / "LBS" / "agreed 2018-19.csv").write_text(agreed, encoding="utf-8")
    (told,) = run("report", tmp_path, "--period", "2018-19", "--format", "json").json["report"]["ledgers"]
    assert (told["fund"], told["closing"]["totals"]["agreed"]) == (None, "60300.00")


def test_a_ledger_that_cannot_be_closed_says_why(sample):
    (told,) = run("report", sample / "LBS", "--period", "2018-19", "--format", "json").json["report"]["ledgers"]
    assert told["closing"]
    alone = run("report", sample / "LBS" / "SSCB ledger extract 2018-19.xls", "--period", "2018-19", "--format", "json")
    (told,) = alone.json["report"]["ledgers"]
    assert told["closing"] is None
    assert told["why"].startswith("Nothing was agreed for 2018-19")


def test_no_organisation_stands_with_a_count_below_five_and_parts_come_to_their_total(sample):
    told = run("report", sample, "--period", "2018-19", "--format", "json").json
    people = [m for m in told["measures"] if m["return"] in ("training_attendance", "elearning_completions")]
    assert people
    assert all(m["value"] >= 5 for m in people)
    assert not [m for m in people if m["partner"] and m["quarter"]]


def test_any_command_gives_a_page(sample):
    ran = run("reconcile", sample, "--period", "2018-19", "--format", "html")
    assert ran.code == 0
    assert "<title>Reconcile 2018-19</title>" in ran.out
    assert run("schemas", "list", "--format", "html").out.startswith("<!DOCTYPE html>")
