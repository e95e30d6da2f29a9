"""The year's end, run as a finance officer runs it: four files, one of them as SAP writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import run
from tests.cli.terminal import on_terminal

from sscbtool.core.ledger.inputs import NO_FUND
from sscbtool.edge.settings import FundCodes
from sscbtool.workflow.closing import fund_of

AGREED = """Organisation,Fund,Agreed amount,Financial year
Police (MOPAC),SSCB,"5,000.00",2018-19
Southwark CCG,SSCB,"60,000.00",2018-19
London Fire Brigade,SSCB,500.00,2018-19
London Borough Southwark,SSCB,"63,421.50",2018-19
"""
INVOICED = """Invoice no,Organisation,Net,Invoice date,Due date,Credit note of
INV-001,Southwark CCG,30000.00,01/05/2018,31/05/2018,
INV-002,Southwark CCG,30000.00,01/08/2018,31/08/2018,
INV-003,London Fire Brigade,500.00,01/03/2019,31/03/2019,
INV-004,Police (MOPAC),5000.00,01/05/2018,31/05/2018,
"""
SPLITS = """Doc no,Line no,Fund,Amount
1400000001,1,SSCB,5000.00
1400000001,1,SSAB,5000.00
"""
HEAD = ("CoCd", "Document No", "Itm", "Pstng Date", "Period", "Type", "Customer", "Reference", "Text", "Amount in LC")
LINES = (
    ("1000", "1400000001", "1", "14.06.2018", "3", "DZ", "MOPAC", "INV-004", "remittance", "10,000.00-"),
    ("1000", "1400000002", "1", "14.05.2018", "2", "DZ", "", "INV001", "CCG Q1", "30,000.00-"),
    ("1000", "1400000003", "1", "14.08.2018", "5", "DZ", "", "", "SOUTHWARK CCG Q2", "30,000.00-"),
    ("1000", "1400000004", "1", "01.04.2019", "1", "DZ", "LFB", "INV003", "", "500.00-"),
    ("1000", "1400000005", "1", "31.03.2019", "13", "SA", "LBS", "", "Own share", "63,421.50-"),
)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    (tmp_path / "agreed.csv").write_text(AGREED, encoding="utf-8")
    (tmp_path / "invoices.csv").write_text(INVOICED, encoding="utf-8")
    (tmp_path / "splits.csv").write_text(SPLITS, encoding="utf-8")
    export(tmp_path, LINES)
    return tmp_path


def export(folder: Path, lines: tuple[tuple[str, ...], ...]) -> None:
    text = "".join("\t".join(line) + "\r\n" for line in (HEAD, *lines))
    (folder / "ledger.xls").write_text(text, encoding="utf-16", newline="")


def close(books: Path, *options: str):
    return run("ledger", books, "--fund", "SSCB", "--period", "2018-19", "--format", "json", *options)


def test_the_year_is_closed_to_the_penny_and_what_is_open_is_named(books):
    ran = close(books)
    told = ran.json["ledger"]
    assert ran.code == 1
    assert {line["organisation"]: (line["class"], line["received"]) for line in told["lines"]} == {
        "CCG": ("settled", "60000.00"),
        "LBS": ("own_authority_journal", "63421.50"),
        "LFB": ("cut_off", "0.00"),
        "MOPAC": ("settled", "5000.00"),
    }
    assert told["bridge"] == [
        {"step": "agreed", "amount": "128921.50"},
        {"step": "cut_off", "amount": "-500.00"},
        {"step": "received", "amount": "128421.50"},
    ]
    assert told["residual"] == "0.00"
    assert told["unmatched"] == []


def test_a_match_names_the_cell_of_each_ledger_line(books):
    (line,) = close(books, "--partner", "CCG").json["ledger"]["lines"]
    assert [(m["expected"], m["reference"], m["how"]) for m in line["matches"]] == [
        ("30000.00", "INV-001", "reference"),
        ("30000.00", "INV-002", "amount"),
    ]
    assert [r["cell"] for m in line["matches"] for r in m["received"]] == ["J3", "J4"]


def test_a_year_in_which_everything_came_ends_clean(books):
    export(books, (*LINES[:3], ("1000", "1400000004", "1", "29.03.2019", *LINES[3][4:]), LINES[4]))
    ran = close(books, "--control-total", "133921.50", "--control-rows", "5")
    assert (ran.code, ran.json["outcome"]) == (0, "clean")


@pytest.mark.parametrize("stated", [("--control-total", "1.00"), ("--control-rows", "6")])
def test_an_extract_that_does_not_meet_what_is_stated_gives_no_verdict(books, stated):
    ran = close(books, *stated)
    assert (ran.code, ran.json["outcome"], ran.json["ledger"]) == (4, "incomplete", None)
    assert "SSCB-CLO-1" in [finding["code"] for finding in ran.json["findings"]]


def test_where_nothing_states_a_total_that_is_a_warning_and_the_run_goes_on(books):
    assert "SSCB-CLO-2" in [finding["code"] for finding in close(books).json["findings"]]
    met = close(books, "--control-total=-133,921.50").json
    assert "SSCB-CLO-2" not in [finding["code"] for finding in met["findings"]]


def test_without_agreements_there_is_nothing_to_judge(books):
    (books / "agreed.csv").unlink()
    assert close(books).code == 4


def test_without_invoices_agreed_is_held_against_received_alone(books):
    (books / "invoices.csv").unlink()
    told = close(books).json["ledger"]
    assert {line["invoiced"] for line in told["lines"]} == {None}
    assert [line["class"] for line in told["lines"]] == ["settled", "own_authority_journal", "cut_off", "settled"]


def test_every_fund_stands_side_by_side_where_none_is_asked_for(books):
    with (books / "agreed.csv").open("a", encoding="utf-8") as file:
        file.write('Police (MOPAC),SSAB,"5,000.00",2018-19\n')
    told = run("ledger", books, "--period", "2018-19", "--format", "json").json["ledger"]
    assert [(x["fund"], x["class"]) for x in told["lines"] if x["organisation"] == "MOPAC"] == [
        ("SSAB", "settled"),
        ("SSCB", "settled"),
    ]


def test_settings_say_which_codes_are_whose_and_how_the_ledger_writes_income(books):
    debits = tuple((*line[:-1], line[-1].rstrip("-")) for line in LINES)
    export(books, debits)
    settings = '[ledger]\nincome = "debit"\ntolerance = "500.00"\n'
    (books / "sscbtool.toml").write_text(settings, encoding="utf-8")
    ran = run("--workspace", books, "ledger", books, "--fund", "SSCB", "--period", "2018-19", "--format", "json")
    assert [line["class"] for line in ran.json["ledger"]["lines"]][2:] == ["settled", "settled"]


@pytest.mark.parametrize(
    ("account", "centre", "wbs", "fund"),
    [
        ("450100", "10234", "", "SSCB"),
        ("450100", "10235", "", "SSAB"),
        ("450100", "", "", ""),
        ("0000450100", "10234", "C-1-X", "SSCB"),
        ("450100", "10234", "G-ELR", NO_FUND),
        ("999999", "", "", NO_FUND),
        ("", "", "", ""),
    ],
)
def test_the_most_particular_code_of_a_line_says_its_fund(account, centre, wbs, fund):
    funds = {
        "SSCB": FundCodes(gl_accounts=("450100",), cost_centres=("10234",), wbs=("C-1*",)),
        "SSAB": FundCodes(gl_accounts=("450100",), cost_centres=("10235",)),
    }
    assert fund_of((account, centre, wbs), funds) == fund


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_a_partner_is_read_down_the_telephone_line_by_line(books, columns):
    options = ["--fund", "SSCB", "--period", "2018-19", "--partner", "Southwark CCG"]
    shown = on_terminal(["ledger", str(books), *options], columns)
    for words in ("£60,000.00 was received", "INV-001", "1400000002", "14/05/2018", "Settled"):
        assert words in shown
    assert "MOPAC" not in shown
    assert max(map(len, shown.splitlines())) <= columns


def test_last_years_column_and_each_share_stand_beside_this_years(books):
    with_last = [
        f"{row},{amount}"
        for row, amount in zip(AGREED.splitlines(), ("Last year", 4000, 3000, 2000, 1000), strict=True)
    ]
    (books / "agreed.csv").write_text("\n".join(with_last), encoding="utf-8")
    told = close(books).json["ledger"]
    assert [line["share"] for line in told["lines"]] == ["46.72", "49.39", "0.00", "3.89"]
    assert [line["last_year"] for line in told["lines"]] == ["3000.00", "1000.00", "2000.00", "4000.00"]
    out = run("ledger", books, "--fund", "SSCB", "--period", "2018-19").out
    assert "Share" in out
    assert "Last year" in out


def test_settings_that_are_not_known_are_refused(books):
    (books / "sscbtool.toml").write_text('[ledger]\nincome = "both"\n', encoding="utf-8")
    ran = run("--workspace", books, "ledger", books)
    assert (ran.code, "ledger.income" in ran.err) == (2, True)


def test_one_screen_tells_the_verdict_the_bridge_and_what_to_do(books):
    out = run("ledger", books, "--fund", "SSCB", "--period", "2018-19").out
    for words in ("£128,421.50 was received", "Own journal", "Came after year end", "1 open, 0 explained (£0.00)."):
        assert words in out
    assert len(out.splitlines()) < 40
    assert max(map(len, out.splitlines())) <= 120


def test_a_line_without_a_payer_is_nobodys_and_not_the_last_ones(books):
    unnamed = [("1000", f"14000001{n:02d}", "1", "14.05.2018", "2", "DZ", "", "", "", f"{n}.00-") for n in range(1, 9)]
    export(books, (LINES[0], *unnamed, *LINES[1:]))
    told = close(books).json["ledger"]
    assert {each["organisation"] for each in told["unmatched"]} == {None}
    assert [line["received"] for line in told["lines"]] == ["60000.00", "63421.50", "0.00", "5000.00"]


def test_splits_and_dated_invoices_need_no_other_word_on_their_year(books):
    ran = run("ledger", books, "--format", "json")
    assert (ran.json["period"], ran.json["ledger"]["fund"]) == ("2018-19", "SSCB")
    assert "SSCB-PER-1" not in [finding["code"] for finding in ran.json["findings"]]
    assert ran.json["ledger"]["totals"]["received"] == "128421.50"


def test_a_fund_that_nobody_knows_and_a_partner_that_paid_nothing_give_no_verdict(books):
    assert close(books, "--fund", "XYZ").code == 2
    assert close(books, "--partner", "SLAM").code == 4


def test_a_receipt_that_no_agreement_identifies_is_open_even_if_it_is_a_journal(books):
    (books / "agreed.csv").write_text(
        AGREED.replace('London Borough Southwark,SSCB,"63,421.50",2018-19\n', ""), "utf-8"
    )
    export(books, (*LINES[:3], ("1000", "1400000004", "1", "29.03.2019", *LINES[3][4:]), LINES[4]))
    ran = close(books)
    assert [each["class"] for each in ran.json["ledger"]["unmatched"]] == ["own_authority_journal"]
    assert (ran.code, ran.json["outcome"]) == (1, "findings")


@pytest.fixture
def workspace(books: Path) -> Path:
    (books / "sscbtool.toml").write_text('period = "2018-19"\n', encoding="utf-8")
    return books


def in_workspace(books: Path, *arguments: object):
    return run("--workspace", books, *arguments, books, "--fund", "SSCB", "--format", "json")


def test_an_explained_break_is_no_longer_open_until_its_amount_moves(workspace):
    (late,) = [x for x in in_workspace(workspace, "ledger").json["ledger"]["lines"] if x["class"] == "cut_off"]
    said = in_workspace(workspace, "explain", late["id"], "--reason", "31 March was a Sunday", "--until", "2099-03-31")
    assert said.json["explain"]["id"] == late["id"]
    after = in_workspace(workspace, "ledger")
    assert (after.code, after.json["outcome"]) == (0, "clean")
    (line,) = [x for x in after.json["ledger"]["lines"] if x["class"] == "cut_off"]
    assert (line["explained"], line["explanation"]["reason"]) == (True, "31 March was a Sunday")
    (workspace / "agreed.csv").write_text(AGREED.replace("500.00,2018", "600.00,2018"), encoding="utf-8")
    moved = in_workspace(workspace, "ledger")
    assert moved.code == 1
    assert not any(line["explained"] for line in moved.json["ledger"]["lines"])


def test_the_reason_for_a_query_stands_in_every_result_that_shows_it_and_is_counted(workspace):
    (workspace / "invoices.csv").write_text(INVOICED + "CN-9,SLAM,-12.00,01/05/2018,31/05/2018,\n", encoding="utf-8")
    (query,) = [f for f in in_workspace_of("validate", workspace).json["findings"] if f["severity"] == "query"]
    run("--workspace", workspace, "explain", query["id"], workspace, "--reason", "a test of ours")
    for command in ("validate", "ledger", "reconcile"):
        out = " ".join(run("--workspace", workspace, command, workspace).out.split())
        assert "1 explained (£0.00)" in out, command
        assert "a test of ours" in out, command
    assert [each["id"] for each in in_workspace_of("validate", workspace).json["explain"]] == [query["id"]]


def in_workspace_of(command: str, workspace: Path):
    return run("--workspace", workspace, command, workspace, "--format", "json")


def test_what_is_settled_or_unknown_cannot_be_explained(workspace):
    settled = in_workspace(workspace, "ledger").json["ledger"]["lines"][0]
    assert in_workspace(workspace, "explain", settled["id"], "--reason", "because").code == 2
    assert in_workspace(workspace, "explain", "L-00000000", "--reason", "because").code == 2


def test_a_proposal_that_a_person_accepts_is_remembered(workspace):
    unnamed = ("1000", "1400000003", "1", "14.08.2018", "5", "DZ", "", "", "BACS 77", "30,000.00-")
    export(workspace, (*LINES[:2], unnamed, *LINES[3:]))
    (proposal,) = in_workspace(workspace, "ledger").json["ledger"]["proposals"]
    assert proposal["organisation"] == "CCG"
    accepted = in_workspace(workspace, "ledger", "match", "accept", proposal["id"])
    assert accepted.json["match"]["organisation"] == "CCG"
    told = in_workspace(workspace, "ledger").json["ledger"]
    assert [(x["class"], x["received"]) for x in told["lines"] if x["organisation"] == "CCG"] == [
        ("settled", "60000.00")
    ]
    assert told["unmatched"] == []


def test_a_list_that_is_missed_may_be_a_file_that_answers_to_no_return(books):
    (books / "agreed.csv").write_text(AGREED.replace("Agreed amount", "How much"), encoding="utf-8")
    ran = close(books)
    assert (ran.code, "agreed.csv answer to no return" in ran.err) == (4, True)


@pytest.mark.parametrize("heading", ["Amount in local cur.", "Amt.in loc.cur.", "Amount in loc.curr."])
def test_an_export_may_cut_the_heading_of_its_amounts_short(books, heading):
    path = books / "ledger.xls"
    path.write_text(path.read_text(encoding="utf-16").replace("Amount in LC", heading), encoding="utf-16", newline="")
    assert close(books).json["ledger"]["totals"]["received"] == "128421.50"
