"""The register of published figures is the report's own: every statement stands in it, and every claim is a row."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from sscbtool.core.register import mistake
from sscbtool.edge.catalogue import built_in, load_catalogue

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
CATALOGUE = load_catalogue(built_in("schemas"))
FIGURES = {figure.figure_id: figure for figure in CATALOGUE.figures["2018-19"]}
NARRATIVE = {figure_id for figure_id, figure in FIGURES.items() if figure.comparator is None}


@pytest.fixture(scope="module")
def seed():
    if not SHARED.is_dir():
        pytest.skip("the report's text is not beside the checkout")
    [report] = SHARED.glob("seeds/*.txt")
    return " ".join(report.read_text(encoding="utf-8").split())


def claims():
    path = SHARED / "report-claims.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as source:
        return [row["id"] for row in csv.DictReader(source)]


def test_every_statement_stands_in_the_report_word_for_word(seed):
    absent = [each.figure_id for each in FIGURES.values() if " ".join(each.statement.split()) not in seed]
    assert absent == []


def test_every_section_is_one_that_the_report_has(seed):
    headed = [f"{figure.section}. " in seed or f"{figure.section} " in seed for figure in FIGURES.values()]
    assert all(headed)


@pytest.mark.parametrize("claim", claims())
def test_every_claim_that_was_found_in_the_report_is_a_row_or_split_into_rows(claim):
    assert any(figure_id == claim or figure_id[:-1] == claim for figure_id in FIGURES)


def test_the_register_has_one_value_a_row():
    lists = {"same_set"}
    several = [f.figure_id for f in FIGURES.values() if ";" in f.value and f.comparator not in {*lists, None}]
    assert several == []
    assert len(FIGURES) >= 120
    assert len(FIGURES) - len(NARRATIVE) >= 90


def test_a_narrative_figure_says_why_and_names_no_return():
    for figure_id in NARRATIVE:
        figure = FIGURES[figure_id]
        assert figure.note, figure_id
        assert (figure.return_name, figure.measure, figure.where) == (None, None, None), figure_id


@pytest.mark.parametrize("figure_id", ["F01", "G04", "C01a"])
def test_a_fact_from_outside_the_report_names_its_source(figure_id):
    assert figure_id in NARRATIVE
    assert any(year in FIGURES[figure_id].note for year in ("2016", "2017", "2018"))


def test_the_disclosive_count_is_never_published():
    assert {f.figure_id for f in FIGURES.values() if f.publish == "never"} == {"Q07"}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_each_row_is_one_that_can_be_judged(figure):
    measure = None
    if figure.return_name:
        schema = CATALOGUE.returns[figure.return_name]
        measure = next(each for each in schema.measures if each.name == figure.measure)
    assert mistake(figure, measure, FIGURES) is None


def test_comparators_of_every_kind_stand_in_the_register():
    used = Counter(str(figure.comparator) for figure in FIGURES.values() if figure.comparator)
    assert {"greater_than"} == {str(each) for each in type(FIGURES["T01"].comparator)} - set(used)


def test_checks_of_the_document_name_figures_with_the_values_that_they_need():
    for check in CATALOGUE.checks["2018-19"]:
        for part in check.figures:
            for figure_id in part.split("/"):
                assert FIGURES[figure_id].value, (check.check_id, figure_id)
