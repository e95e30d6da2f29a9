"""What the shell offers on Tab, and what a mistyped name is answered with."""

import pytest
from tests.cli.boards import Board
from tests.cli.conftest import ROOT, run


def offered(*words: str, cwd=ROOT) -> set[str]:
    ran = run(
        cwd=cwd,
        _SSCBTOOL_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(("sscbtool", *words)),
        COMP_CWORD=str(len(words)),
    )
    assert ran.code == 0, ran.err
    return set(ran.out.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("rec",), {"reconcile"}),
        (("validate", "--return", "contributions_"), {
            "contributions_agreed", "contributions_invoiced", "contributions_ledger"}),
        (("reconcile", "--period", "2018"), {"2018-19"}),
        (("reconcile", "--period", "last-"), {"last-quarter", "last-year"}),
        (("validate", "--partner", "CC"), {"CCG"}),
        (("trace", "M07"), {"M07"}),
        (("schemas", "show", "knife"), {"knife_crime"}),
    ],
)  # fmt: skip
def test_tab_offers_what_the_boards_files_name(words, expected):
    assert offered(*words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("reconcile", "--section", "2."), {"2.1", "2.2", "2.3", "2.4"}),
        (("status", ""), {"nil", "extend"}),
        (("status", "nil", "CC"), {"CCG"}),
        (("status", "nil", "CCG", "knife"), {"knife_crime"}),
        (("organisations", "acc"), {"accept"}),
        (("organisations", "accept", "Fire", "LF"), {"LFB"}),
        (("summary", "knife"), {"knife_crime"}),
        (("figures", "roll", "2018"), {"2018-19"}),
        (("history", "ver"), {"verify"}),
        (("diff", "sample_data/2018-19/CC"), {"sample_data/2018-19/CCG/"}),
    ],
)  # fmt: skip
def test_tab_knows_what_comes_after_what(words, expected):
    assert offered(*words) == expected


def test_tab_offers_what_the_store_holds(tmp_path):
    board = Board(tmp_path / "board")
    board.put_both()
    assert offered("store", "forget", "", cwd=board.folder) == set()
    assert board("ingest", board.folder / "returns").code == 0
    held = {version["version"] for version in board("store", "list", "--format", "json").json["store"]["list"]}
    assert len(held) == 2
    assert offered("store", "forget", "", cwd=board.folder) >= held
    assert offered("diff", "", cwd=board.folder) >= {*held, "returns/"}
    assert offered("ingest", "--replaces", "", cwd=board.folder) >= held
    assert offered("history", "", cwd=board.folder) >= {"1", "2", "verify"}


def test_figures_are_those_of_the_period_asked_for():
    assert "M07" in offered("reconcile", "--figure", "M")
    assert "M07" not in offered("reconcile", "--period", "2017-18", "--figure", "M")


def test_a_workspace_offers_its_own_files(tmp_path):
    assert run("init", tmp_path).code == 0
    (tmp_path / "schemas" / "returns" / "allotments.yaml").write_text("columns: {}\n")
    assert offered("validate", "--return", "allot", cwd=tmp_path) == {"allotments"}


def test_settings_that_cannot_be_used_offer_nothing_and_print_nothing(tmp_path):
    (tmp_path / "sscbtool.toml").write_text("period = ")
    assert offered("validate", "--return", "c", cwd=tmp_path) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell):
    ran = run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert ran.code == 0
    assert "sscbtool" in ran.out


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("valdate",), "validate"),
        (("reconcile", "--perod", "2018-19"), "--period"),
        (("validate", "--return", "contribution", "sample_data/2018-19/CCG"), "contributions"),
        (("validate", "--partner", "CGC", "sample_data/2018-19/CCG"), "CCG"),
        (("reconcile", "--figure", "M7", "--period", "2018-19", "sample_data/2018-19/CCG"), "M07"),
        (("reconcile", "--section", "2.44", "--period", "2018-19", "sample_data/2018-19/CCG"), "2.4"),
    ],
)
def test_a_mistyped_name_is_answered_with_those_that_come_near(arguments, meant):
    ran = run(*arguments)
    assert ran.code == 2
    assert meant in ran.err
