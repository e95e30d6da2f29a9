"""What ``--help`` says of each command: an example that works, options in the same words, panels in one order."""

import re
import shlex
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.cli.conftest import ROOT, run
from typer.main import get_command
from typer.testing import CliRunner

from sscbtool.cli import app
from sscbtool.cli.running import DEEDS

PANELS = {
    "Every day": ["inspect", "ingest", "validate", "reconcile", "summary", "trace"],
    "Partners": ["status", "template", "annotate", "diff", "organisations"],
    "Year end": ["ledger", "explain", "signoff", "proof", "report"],
    "Unattended": ["check"],
    "Upkeep": ["init", "history", "schemas", "figures", "store"],
}


def _leaves(command, *words):
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
    for name, child in (children or {}).items():
        yield from _leaves(child, *words, name)


LEAVES = dict(_leaves(get_command(app)))
COMMANDS = [" ".join(words) for words in LEAVES]


def _example(words):
    (line,) = re.findall(r"^ *Example: (sscbtool .+)$", LEAVES[words].help, re.M)
    return shlex.split(line)[1:]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_one_example_that_is_of_itself(name):
    example = _example(tuple(name.split()))
    assert example[: len(name.split())] == name.split()


def test_every_example_works_in_a_workspace_with_the_sample_year(tmp_path, monkeypatch):
    invoke = CliRunner().invoke
    assert invoke(app, ["init", str(tmp_path / "board"), "--sample"]).exit_code == 0
    board = tmp_path / "board"
    monkeypatch.chdir(board)
    again = (
        "Agency,Amount,Date received\nLondon Fire Brigade,500.00,01/05/2018\nLondon Fire Brigade,500.00,01/05/2018\n"
    )
    (board / "corrected.csv").write_text(again, encoding="utf-8")
    (board / "returns" / "2018-19" / "LFB" / "twice.csv").write_text(again, encoding="utf-8")
    (board / "draft.md").write_text("The board received £134,471.50.\n", encoding="utf-8")
    assert invoke(app, ["ingest", "--format", "json"]).exit_code == 1
    failed = {}
    for words in LEAVES:
        example = _example(words)
        if words == ("explain",):
            findings = _json(invoke(app, ["validate", "--stored", "--format", "json"]))["findings"]
            example[1] = next(each["id"] for each in findings if each["severity"] == "query")
        if words == ("store", "forget"):
            held = _json(invoke(app, ["store", "list", "--format", "json"]))["store"]["list"]
            example[2] = next(each["version"] for each in held if each["return"] == "survey_responses")
        done = invoke(app, example)
        if done.exit_code not in (0, 1):
            failed[" ".join(example)] = (done.exit_code, done.output[-300:])
    assert not failed


def _json(done):
    import json

    return json.loads(done.stdout)


def test_panels_and_commands_stand_in_the_order_of_a_year(monkeypatch):
    shown = run("--help", COLUMNS="80").out
    places = [shown.index(f" {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    for panel, names in PANELS.items():
        part = shown[shown.index(f" {panel} ─") :].split("╰")[0]
        assert re.findall(r"^│ ([a-z]+) ", part, re.M) == names


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_80_columns_and_cuts_nothing(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, [*name.split(), "--help"], terminal_width=80).output
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert "…" not in shown
    assert "markdown|ht" not in shown


def test_the_same_option_is_worded_alike_everywhere():
    said = {}
    allowed = {"--format", "--partner", "--output", "--fund", "--by", "--period", "--dry-run"}
    for words, command in LEAVES.items():
        for parameter in command.params:
            for option in (o for o in parameter.opts if o.startswith("--") and o not in allowed):
                said.setdefault(option, {}).setdefault(getattr(parameter, "help", None), []).append(words)
    assert {option: texts for option, texts in said.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("command", sorted(DEEDS))
@pytest.mark.parametrize("output_format", ["html", "xlsx"])
def test_what_was_done_is_no_page_and_no_workbook(command, output_format):
    example = _example(tuple(command.split("_", 1)) if command.split("_", 1)[0] in ("store", "figures") else (command,))
    done = CliRunner().invoke(app, [*example, "--format", output_format])
    assert (done.exit_code, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")


@pytest.mark.parametrize("command", ["validate", "reconcile", "summary"])
def test_nothing_to_judge_is_still_one_json_object(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    ran = run(command, tmp_path / "empty", "--period", "2018-19", "--format", "json")
    assert ran.code == 4
    assert ran.json["outcome"] == "incomplete"
    assert len(ran.err.splitlines()) == 1


def test_what_the_readme_says_the_demo_prints_is_what_it_prints():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = (
        readme.split("<!-- demo -->")[1].split("<!-- /demo -->")[0].strip().removeprefix("```text").removesuffix("```")
    )
    printed = run("reconcile", "sample_data/2018-19", "--period", "2018-19").out
    at = 0
    for part in block.split("\n...\n"):
        found = printed.find(part.strip("\n"), at)
        assert found >= 0, part
        at = found + len(part.strip("\n"))
    assert printed.endswith(block.rstrip().rpartition("\n")[2] + "\n")


def test_the_readme_names_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in COMMANDS if f"sscbtool {name}" not in readme and f"`{name}" not in readme]
    assert not missing
    assert Path(ROOT / "docs" / "commands.md").exists()
