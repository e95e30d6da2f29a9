"""A partner sends again: what stands, what changed, and how a version is named."""

import json

import pytest
from jsonschema import validate as hold
from tests.cli.conftest import ROOT, run

SCHEMA = json.loads((ROOT / "src" / "sscbtool" / "render" / "result.schema.json").read_text(encoding="utf-8"))
HEADER = "Invoice no,Organisation,Fund,Net amount,VAT,Gross amount,Invoice date\n"


def invoice(number, who="London Fire Brigade", net="500.00", day="01/05/2018"):
    return f"{number},{who},SSCB,{net},0.00,{net},{day}\n"


@pytest.fixture
def board(tmp_path):
    assert run("init", tmp_path / "board").code == 0
    return tmp_path / "board"


def write(board, name, *lines):
    path = board / "returns" / "2018-19" / "LBS" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def two(board):
    old = write(board, "old.csv", invoice("I-1"), invoice("I-2", net="20.00"), invoice("I-2", net="20.00"))
    new = write(board, "new.csv", invoice("I-0"), invoice("I-1", net="600.00"), invoice("I-2", net="20.00"))
    return old, new


def test_diff_shows_rows_by_key_and_cell_and_what_was_mended(two, board):
    done = run("diff", *two, "--format", "json", cwd=board)
    hold(done.json, SCHEMA)
    assert done.code == 0, "what is mended and nothing open is clean"
    told = done.json["diff"]
    (counts,) = told["returns"]
    assert (counts["added"], counts["removed"], counts["changed"], counts["unchanged"]) == (1, 1, 1, 1)
    assert [place["row"] for place in counts["repeated_keys"][0]["old"]] == [3, 4]
    changed = next(each for each in told["rows"] if each["change"] == "changed")
    net = next(each for each in changed["cells"] if each["column"] == "net")
    assert (net["old_cell"], net["new_cell"], net["old"], net["new"]) == ("D2", "D3", "500.00", "600.00")
    assert [each["code"] for each in told["findings"]["mended"]] == ["SSCB-INV-1"]
    assert told["findings"]["new"] == []


def test_diff_the_other_way_round_finds_a_new_fault(two, board):
    done = run("diff", two[1], two[0], "--format", "json", cwd=board)
    assert done.code == 1
    assert [each["code"] for each in done.json["diff"]["findings"]["new"]] == ["SSCB-INV-1"]


def test_no_text_of_a_partner_stands_in_a_diff(board):
    old = write(board, "old.csv", invoice("CANARY-1", who="Canary Trust"))
    new = write(board, "new.csv", invoice("CANARY-2", who="Canary Fund", net="1.00"))
    for form in ("json", "table", "csv"):
        done = run("diff", old, new, "--format", form, cwd=board)
        assert "canary" not in (done.out + done.err).lower()


def test_what_says_nothing_adds_to_the_earlier_file_and_replaces_keeps_the_old(two, board):
    old, new = two
    first = run("ingest", old, "--format", "json", cwd=board).json["ingest"]["landed"][0]
    added = run("ingest", new, cwd=board)
    assert f"adding to {first['versions'][0][:8]}" in added.out
    assert f"--replaces {first['versions'][0][:8]}" in added.err
    replaced = run("ingest", new, "--replaces", first["versions"][0][:8], "--format", "json", cwd=board)
    assert replaced.json["ingest"]["landed"][0]["superseded"] == first["versions"]
    again = run("ingest", new, "--replaces", "old.csv", "--format", "json", cwd=board)
    assert again.code == replaced.code
    assert not again.json["ingest"]["landed"][0]["new"], "told twice, done once"
    old.unlink()
    told = run("diff", first["versions"][0][:8], "new.csv", "--format", "json", cwd=board).json["diff"]
    assert told["returns"][0]["changed"] == 1, "the old version is kept"


def test_a_cover_supersedes_only_where_keys_overlap_and_a_restated_final_return_is_marked(board):
    import openpyxl

    def send(name, numbers, **cover):
        book = openpyxl.Workbook()
        book.active.title = "Cover"
        for said in {"Partner": "LBS", "Period": "2018-19", **cover}.items():
            book.active.append(said)
        sheet = book.create_sheet("Invoices")
        sheet.append(HEADER.strip().split(","))
        for number in numbers:
            sheet.append([number, "London Fire Brigade", "SSCB", 500, 0, 500, "01/05/2018"])
        path = board / "returns" / name
        book.save(path)
        return run("ingest", path, "--format", "json", cwd=board).json["ingest"]["landed"][0]

    first = send("a.xlsx", ["I-1", "I-2"], Status="Final")
    other = send("b.xlsx", ["I-7"], Supersedes="a.xlsx")
    assert (other["superseded"], other["adds_to"]) == ([], first["versions"])
    second = send("c.xlsx", ["I-1", "I-3"], Supersedes="a.xlsx")
    assert second["superseded"] == first["versions"]
    assert second["restates_final"]
    told = run("diff", "a.xlsx", "c.xlsx", cwd=board)
    assert "a final return, which the new one restates" in told.out


def test_a_name_that_means_nothing_or_several_is_said(two, board):
    assert run("diff", "abcdef12", two[0], cwd=board).code in (2, 3)
    run("ingest", cwd=board)
    nothing = run("diff", "abcdef12", two[0], cwd=board)
    assert nothing.code == 2
    assert "store list" in nothing.err
