"""The keys of schema files and registers that figures rest on: what they mean, and what is refused by its name."""

import pytest

from sscbtool.core.model import CheckKind, DocumentCheck, Status
from sscbtool.edge.catalogue import CHECK_FIELDS, FIGURE_FIELDS, load_catalogue
from sscbtool.errors import BadConfiguration

SCHEMA = """
schema_type: dataframe
version: 1
name: plans
title: Plans
columns:
  category:   {dtype: str, nullable: false}
  plan_start: {dtype: "datetime64[ns]", coerce: true, nullable: false}
  plan_end:   {dtype: "datetime64[ns]", coerce: true, nullable: true}
metadata:
  grain: one row per plan
  columns:
    category:   {kind: text, sensitivity: public}
    plan_start: {kind: date}
    plan_end:   {kind: date}
"""
MEASURES = """
  measures:
    neglect: {sql: "sum(case when category = 'NEG' then 1 else 0 end)", of: "count(*)", unit: "%"}
    categories: {sql: category, list: true}
    all: {sql: "count(*)"}
"""


def register(*rows):
    lines = [",".join(row.get(name, "") for name in FIGURE_FIELDS) for row in rows]
    return "\n".join([",".join(FIGURE_FIELDS), *lines])


def figure(figure_id, comparator, value, measure="all", **more):
    given = {"figure_id": figure_id, "return": "plans", "measure": measure, "comparator": comparator, "value": value}
    return given | more


SOUND = register(
    figure("S01", "equals", "329"),
    figure("N01", "half", "50", "neglect"),
    figure("N02", "same_set", "NEG; EMO", "categories"),
)


@pytest.fixture
def load(tmp_path):
    (tmp_path / "returns").mkdir()
    (tmp_path / "figures").mkdir()

    def load(schema=SCHEMA + MEASURES, figures=SOUND, checks=None):
        (tmp_path / "returns" / "plans.yaml").write_text(schema, encoding="utf-8")
        (tmp_path / "figures" / "2018-19.csv").write_text(figures, encoding="utf-8")
        if checks is not None:
            text = "\n".join([",".join(CHECK_FIELDS), *checks])
            (tmp_path / "figures" / "2018-19-checks.csv").write_text(text, encoding="utf-8")
        return load_catalogue(tmp_path)

    return load


def test_a_measure_may_be_a_share_or_a_list(load):
    neglect, categories, plain = load().returns["plans"].measures
    assert (neglect.of, neglect.listed) == ("count(*)", False)
    assert (categories.of, categories.listed) == (None, True)
    assert (plain.of, plain.listed) == (None, False)


def test_a_schema_may_say_between_which_days_a_row_was_open(load):
    assert load().returns["plans"].stock is None
    stock = "  stock: {from: plan_start, to: plan_end}"
    assert load(SCHEMA + stock + MEASURES).returns["plans"].stock == ("plan_start", "plan_end")


@pytest.mark.parametrize(
    ("addition", "named"),
    [
        ("  stock: {from: plan_start, to: closed_on}", "metadata.stock: closed_on"),
        ("  stock: {from: plan_start, to: plan_end, by: day}", "metadata.stock.by"),
        ("  stock: plan_start", "metadata.stock"),
        ("  measures: {a: {sql: x, list: maybe}}", "metadata.measures.a.list"),
        ('  measures: {a: {sql: x, list: true, of: "count(*)"}}', "metadata.measures.a.of"),
        ("  measures: {a: {of: x}}", "metadata.measures.a.sql"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_by_file_and_name(load, addition, named):
    with pytest.raises(BadConfiguration) as refused:
        load(SCHEMA + addition)
    assert "returns/plans.yaml" in refused.value.message
    assert named in refused.value.message


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (figure("S02", "over", "many"), "S02, value"),
        (figure("S02", "half", "50"), "S02, measure"),
        (figure("S02", "equals", "3", "categories"), "S02, measure"),
        (figure("S02", "approximately", "90"), "S02, tolerance"),
        (figure("S02", "equals", "3", publish="perhaps"), "S02, publish"),
        (figure("S02", "sum_of", "3", note="parts: S01 S99"), "S02, note"),
        (figure("S02", "roughly", "3"), "S02, comparator"),
    ],
)
def test_a_figure_that_could_never_be_judged_is_refused_by_its_id_and_column(load, row, named):
    with pytest.raises(BadConfiguration, match=f"2018-19.csv.*{named}"):
        load(figures=register(figure("S01", "equals", "329"), row))


def test_a_document_has_checks_of_its_own_beside_its_register(load):
    catalogue = load(checks=["D1,sum,S01 S01 S01,Why.,", "D2,implied_denominator,S01/N01 S01/N01,,definition_differs"])
    assert catalogue.checks == {
        "2018-19": (
            DocumentCheck("D1", CheckKind.SUM, ("S01", "S01", "S01"), "Why."),
            DocumentCheck("D2", CheckKind.IMPLIED_DENOMINATOR, ("S01/N01", "S01/N01"), "", Status.DEFINITION_DIFFERS),
        )
    }
    assert list(catalogue.figures) == ["2018-19"]
    assert "figures/2018-19-checks.csv" in catalogue.hashes


@pytest.mark.parametrize(
    ("check", "named"),
    [
        ("D1,sum,S01 S99,,", "D1, figures: there is no figure S99"),
        ("D1,sum,S01,,", "D1, figures"),
        ("D1,sum,S01/N01 S01,,", "D1, figures: S01/N01"),
        ("D1,implied_denominator,S01 N01,,", "D1, figures: S01"),
        ("D1,product,S01 N01,,", "D1, kind"),
        ("D1,sum,S01 N01,,perhaps", "D1, expects"),
        (",sum,S01 N01,,", "line 2, check_id"),
    ],
)
def test_a_check_that_cannot_be_made_is_refused_by_its_id_and_column(load, check, named):
    with pytest.raises(BadConfiguration) as refused:
        load(checks=[check])
    assert "2018-19-checks.csv" in refused.value.message
    assert named in refused.value.message
