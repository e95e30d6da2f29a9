"""``report`` as a person and a script run it."""

import json
import re

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
    assert set(told["report"]) == {"document", "trend", "explanations", "stored", "definitions"}


def test_the_page_names_the_head_of_the_run_log_where_there_is_a_store(sample, workspace):
    written = run("--workspace", workspace, "report", sample, "--period", "2018-19").out
    assert "Returns by partner" in run("--workspace", workspace, "report", "--period", "2018-19").out
    assert re.search(r"Head of the run log</dt><dd>.*?[0-9a-f]{64}", written)
    assert "Head of the run log" not in run("report", sample, "--period", "2018-19").out


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
