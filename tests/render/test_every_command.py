"""Each command's result on a small board: looked at in three widths, and written in every format there is.

The commands are run for real, on one workspace and at one moment; only what is shown of them is held here.
"""

import csv
import datetime as dt
import json
import re
import shutil
from dataclasses import replace
from importlib import resources
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len

from sscbtool import __version__
from sscbtool.edge.settings import find_workspace
from sscbtool.render import OutputFormat, render
from sscbtool.render.as_json import as_object
from sscbtool.workflow import commands
from sscbtool.workflow.layout import lay_out
from sscbtool.workflow.receiving import Request

NOW = dt.datetime(2019, 6, 3, 2, 0, tzinfo=dt.UTC)
SETTINGS = """
[check]
settle_seconds = 0
[[expected]]
partner = ["LFB", "CCG", "MOPAC"]
return = "contributions"
due = 30
from = "2018-19"
until = "2018-19"
"""
REGISTER = """figure_id,section,statement,return,measure,where,comparator,value,unit,as_at,tolerance,scope,publish,note
M02,2.4,"Southwark CCG £60,000",contributions,received,organisation = 'CCG',equals,60000.00,GBP,,,SSCB,,
M04,2.4,London Fire Brigade £500,contributions,received,organisation = 'LFB',equals,500.00,GBP,,,SSCB,,
M07,2.4,"Total from contributions £60,500",contributions,received,,equals,60500.00,GBP,,,SSCB,,
T01,2.2,the board provided 45 training sessions,training_sessions,delivered,,equals,45,sessions,,,SSCB,,
"""
HEADINGS = "Contribution,Total,Date received"
FAULTY = [f"London Fire Brigade,{number}.005,31/02/2019" for number in range(200)]
DRAFT = "# Contributions\n\nSouthwark CCG paid £60,000 and the London Fire Brigade £550.\n\nThere were 12 meetings.\n"
AGREED = """Organisation,Fund,Agreed amount,Financial year
London Fire Brigade,SSCB,500.00,2018-19
Southwark CCG,SSCB,"65,000.00",2018-19
"""
LEDGER = (
    ("CoCd", "Document No", "Itm", "Pstng Date", "Period", "Type", "Customer", "Reference", "Text", "Amount in LC"),
    ("1000", "1400000001", "1", "01.05.2018", "2", "DZ", "LFB", "", "LFB 2018/19", "500.00-"),
    ("1000", "1400000002", "1", "01.06.2018", "3", "DZ", "CCG", "", "CCG", "60,000.00-"),
)
HASHES = re.compile(r"\b(?=[0-9a-f]*[0-9])(?:[0-9a-f]{64}|[0-9a-f]{12}|[0-9a-f]{8})\b")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Name of the golden file -> the result, of commands run one after the other on one small board."""
    folder = tmp_path_factory.mktemp("board")
    list(lay_out(folder, sample=False))
    with (folder / "sscbtool.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    shutil.rmtree(folder / "schemas" / "figures")
    (folder / "schemas" / "figures").mkdir()
    (folder / "schemas" / "figures" / "2018-19.csv").write_text(REGISTER, encoding="utf-8")
    _put(folder, "returns/2018-19/LFB/payments.csv", "London Fire Brigade,500.00,01/05/2018")
    _put(
        folder, "returns/2018-19/CCG/payments.csv", "Southwark CCG,60000.00,01/06/2018", "Sothwark CCG,1.00,02/06/2018"
    )
    _put(folder, "corrected.csv", "London Fire Brigade,550.00,01/05/2018", "London Fire Brigade,5.00,01/06/2018")
    _put(folder, "clean/2018-19/LFB/payments.csv", "London Fire Brigade,500.00,01/05/2018")
    _put(folder, "faults/2018-19/LFB/payments.csv", *FAULTY)
    (folder / "empty").mkdir()
    (folder / "draft.md").write_text(DRAFT, encoding="utf-8")
    (folder / "books").mkdir()
    (folder / "books" / "agreed.csv").write_text(AGREED, encoding="utf-8")
    text = "".join("\t".join(line) + "\r\n" for line in LEDGER)
    (folder / "books" / "ledger.txt").write_text(text, encoding="utf-16", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield dict(_run_all(folder))


def _put(folder: Path, path: str, *rows: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join((HEADINGS, *rows, "")), encoding="utf-8")


def _run_all(folder):
    settings = find_workspace(folder, folder)

    def done(command, *paths, **asked):
        asked = {"period": "2018-19", **asked}
        request = Request(paths=paths, settings=settings, today=NOW.date(), now=NOW, by="analyst", **asked)
        return getattr(commands, command)(request)

    yield "validate-one-clean-file", done("validate", "clean")
    yield "validate-200-faults", done("validate", "faults")
    yield "ingest-first", done("ingest", "returns")
    yield "ingest-again", done("ingest", "returns")
    yield "ingest-dry-run", done("ingest", "returns", dry_run=True)
    yield "check", done("check")
    yield "reconcile-stored", done("reconcile", stored=True)
    yield "report", done("report", stored=True)
    yield "trace-stored", done("trace", figure="M04", stored=True)
    yield "summary-of-one", done("summary", only="contributions", stored=True)
    yield "status", done("status")
    yield "status-nil", done("status", "nil", "MOPAC", "contributions", reason="letter of 3 May")
    yield "organisations", done("organisations", stored=True)
    yield "organisations-decided", done("organisations", "accept", "Sothwark CCG", "CCG")
    yield "diff", done("diff", "returns/2018-19/LFB/payments.csv", "corrected.csv")
    yield "ledger", done("ledger", "books")
    ledger = done("ledger", "books").extra["ledger"]
    broken = next(line["id"] for line in ledger["lines"] if line["organisation"] == "CCG")
    yield "explain", done("explain", broken, "books", reason="by letter", until=dt.date(2019, 9, 30))
    yield "ledger-explained", done("ledger", "books")
    yield "signoff", done("signoff", "books", role="preparer")
    yield "proof", done("proof", "draft.md")
    yield "template", done("template", return_name="contributions", partner="LFB")
    yield "annotate", done("annotate", "faults", target="to-send")
    yield "annotate-clean", done("annotate", "clean", target="to-send")
    yield "store-list", done("store_list")
    yield "store-verify", done("store_verify")
    yield "store-backup", done("store_backup", "board.tar")
    version = done("store_list").extra["store"]["list"][0]["version"]
    yield "store-forget", done("store_forget", version)
    yield "store-restore", done("store_restore", "board.tar")
    yield "history", done("history")
    yield "history-run", done("history", "2")
    yield "history-verify", done("history", "verify")
    yield "figures-list", done("figures_list")
    yield "figures-roll", done("figures_roll", "2018-19", "2019-20")


NAMES = (
    "validate-one-clean-file", "validate-200-faults", "ingest-first", "ingest-again", "ingest-dry-run", "check",
    "reconcile-stored", "report", "trace-stored", "summary-of-one", "status", "status-nil", "organisations",
    "organisations-decided", "diff", "ledger", "explain", "ledger-explained", "signoff", "proof", "template",
    "annotate", "annotate-clean", "store-list", "store-verify", "store-backup", "store-forget", "store-restore",
    "history", "history-run", "history-verify", "figures-list", "figures-roll",
)  # fmt: skip
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads(resources.files("sscbtool.render").joinpath("result.schema.json").read_text("utf-8"))
)


def test_every_result_made_is_held_here(results):
    assert tuple(results) == NAMES


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("history-run", "store-restore")])
def test_a_terminal_shows_what_was_looked_at_and_found_good(name, width, results, golden):
    result = results[name]
    if "head" in result.told:  # broken over two lines it would not be known as a hash, and it changes with any schema
        result = replace(result, told={**result.told, "head": "#" * 64})
    shown = render(result, OutputFormat.TABLE, width=width)
    assert max(map(cell_len, shown.splitlines())) <= max(width, cell_len(shown.splitlines()[0]))
    golden(f"{name}.{width}.txt", HASHES.sub(lambda found: "#" * len(found[0]), shown).replace(__version__, "VERSION"))


@pytest.mark.parametrize("name", NAMES)
def test_json_holds_every_key_of_the_published_schema(name, results):
    VALIDATOR.validate(json.loads(json.dumps(as_object(results[name]), default=str)))


@pytest.mark.parametrize("name", NAMES)
def test_csv_has_one_header_and_nothing_that_runs(name, results):
    rows = list(csv.reader(StringIO(render(results[name], OutputFormat.CSV))))
    assert len(rows) >= 2 or name in ("validate-one-clean-file", "annotate-clean"), "a header and what was found"
    assert all(rows[0])
    assert len(set(rows[0])) == len(rows[0])
    assert {len(row) for row in rows} == {len(rows[0])}
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "@", "+", "\t")) or re.fullmatch(r"[+-]?[\d.]+", cell)


@pytest.mark.parametrize("name", NAMES)
def test_markdown_pages_and_workbooks_are_made_of_every_result(name, results):
    bars = None
    for line in render(results[name], OutputFormat.MARKDOWN).splitlines():
        count = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert None in (count, bars) or count == bars
        bars = count
    assert render(results[name], OutputFormat.HTML).startswith("<!DOCTYPE html>")
    assert render(results[name], OutputFormat.XLSX)[:2] == b"PK"


@pytest.mark.parametrize("name", NAMES)
def test_every_result_ends_in_a_sentence_about_what_comes_next(name, results):
    last = render(results[name], OutputFormat.TABLE, width=200).rstrip("\n").splitlines()[-1]
    assert last.endswith(".") or name == "check"


def test_200_faults_of_a_kind_are_one_entry_each_on_a_terminal_and_each_a_line_for_programs(results):
    shown = render(results["validate-200-faults"], OutputFormat.TABLE, width=80)
    assert "200 rows:" in shown
    assert len(shown.splitlines()) < 40
    assert render(results["validate-200-faults"], OutputFormat.CSV).count("SSCB-") >= 400


def test_one_clean_file_takes_a_few_lines(results):
    assert len(render(results["validate-one-clean-file"], OutputFormat.TABLE, width=80).splitlines()) <= 9


def test_a_command_to_type_is_never_broken_over_two_lines(results):
    for name in NAMES:
        for line in render(results[name], OutputFormat.TABLE, width=80).splitlines():
            assert not line.endswith("sscbtool"), name


def test_singular_and_plural_are_right(results):
    many = "rows|files|figures|entries|submissions|errors|queries|warnings|days|lines|returns|names"
    one = "row|file|figure|entry|submission|error|query|warning|day|line|name"
    wrong = re.compile(rf"\b1 (?:{many})\b|\b(?:[2-9]|[1-9][0-9]+) (?:{one})\b")
    for name in NAMES:
        shown = render(results[name], OutputFormat.TABLE, width=200)
        assert not wrong.search(shown), (name, wrong.search(shown))
