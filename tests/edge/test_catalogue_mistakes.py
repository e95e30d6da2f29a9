"""A board edits YAML and CSV by hand and in Excel: each mistake is named by file and key, in one sentence."""

import csv
import io
import shutil

import pandera.pandas as pa
import pytest

from sscbtool.core.checks import CHECKS
from sscbtool.core.rules import BUILT_IN, RULES
from sscbtool.edge.catalogue import built_in, load_catalogue
from sscbtool.errors import BadConfiguration

RETURN = """
schema_type: dataframe
version: 1
name: missing_episodes
title: Missing from home
columns:
  month:    {title: Month, dtype: "datetime64[ns]", coerce: true, nullable: false}
  kind:     {title: Kind, dtype: str, nullable: false, checks: {isin: [missing, away]}}
  episodes: {title: Episodes, dtype: Int64, coerce: true, nullable: true}
metadata:
  section: "3.1"
  grain: one row per month and kind
  sender: MPS
  key: [month, kind]
  columns:
    month: {kind: date, within: period, sensitivity: public, aliases: [month commencing]}
    kind: {kind: code, sensitivity: public, aliases: [type], values: {missing: [missing], away: [away, absent]}}
    episodes: {kind: count, unit: episodes, sensitivity: public, aliases: [number of episodes]}
  totals: [episodes]
  rules:
    - {rule: no_repeat, columns: [month, kind], code: SSCB-MIS-1, severity: error, says: Twice., fix: Once.}
  measures:
    episodes: {sql: "sum(episodes)", unit: episodes, where: "kind = 'missing'", evidence: [episodes]}
    held_on: {sql: month, list: true}
"""
HEADING = "figure_id,section,statement,return,measure,where,comparator,value,unit,as_at,tolerance,scope,publish,note"
FIGURE = {
    "figure_id": "ME1",
    "section": "3.1",
    "statement": "there were 30 missing episodes",
    "return": "missing_episodes",
    "measure": "episodes",
    "comparator": "equals",
    "value": "30",
}
YAML, FIGURES, ORGANISATIONS = "returns/missing_episodes.yaml", "figures/2019-20.csv", "organisations.csv"


@pytest.fixture
def board(tmp_path):
    """A board's own copy of the schemas with one return and one year more."""
    folder = tmp_path / "schemas"
    shutil.copytree(built_in("schemas"), folder)
    (folder / YAML).write_text(RETURN, encoding="utf-8")
    (folder / FIGURES).write_text(f"{HEADING}\n{line()}", encoding="utf-8")
    return folder


def line(**changes):
    out = io.StringIO()
    csv.DictWriter(out, HEADING.split(","), restval="").writerow(FIGURE | changes)
    return out.getvalue()


def refused(folder):
    with pytest.raises(BadConfiguration) as caught:
        load_catalogue(folder)
    assert str(caught.value).count("\n") == 0
    return str(caught.value)


def test_what_a_board_adds_is_loaded(board):
    catalogue = load_catalogue(board)
    assert catalogue.returns["missing_episodes"].key == ("month", "kind")
    assert [figure.figure_id for figure in catalogue.figures["2019-20"]] == ["ME1"]


@pytest.mark.parametrize(
    ("stands", "mistaken", "key"),
    [
        ("  totals:", "  total:", "metadata.total: the key is not known"),
        ("within: period", "withn: period", "metadata.columns.month.withn"),
        ("kind: count", "kind: number_of", "metadata.columns.episodes.kind"),
        ("[month commencing]", "month commencing", "metadata.columns.month.aliases: a list"),
        ("[month commencing]", "[yes]", "metadata.columns.month.aliases: True is no text to YAML"),
        ("[type]", "[type, Month Commencing]", "metadata.columns.kind.aliases: 'month commencing' already stands for"),
        ("missing: [missing]", "missing: missing", "metadata.columns.kind.values.missing: a list"),
        ("away: [away, absent]", "abs: [away, absent]", "metadata.columns.kind.values.abs"),
        ("kind: {kind: code", "kind: {kind: code, within: period", "metadata.columns.kind.within"),
        ("key: [month, kind]", "key: month", "metadata.key: a list"),
        ("key: [month, kind]", "key: [month, kinds]", "metadata.key: kinds"),
        ("totals: [episodes]", "totals: [kind]", "metadata.totals: kind holds neither"),
        ("nullable: false, checks", "nullable: maybe, checks", "columns.kind.nullable: it is true or false"),
        ("isin: [missing, away]", "isin: missing", "columns.kind.checks.isin: a list"),
        ("isin: [missing, away]", "isin: [yes, no]", "columns.kind.checks.isin: True is no text"),
        ("isin: [missing, away]", "is_in: [missing, away]", "columns.kind.checks.is_in: there is no such check"),
        ("rule: no_repeat", "rule: no_repeats", "metadata.rules[1].rule: there is no rule 'no_repeats'"),
        ("rule: no_repeat", "rule: isin", "metadata.rules[1].rule: there is no rule 'isin'"),
        ("rule: no_repeat", "rule: not_above", "metadata.rules[1].column: not_above looks at 1 column"),
        ("[month, kind], code", "[month], other: day, code", "metadata.rules[1].other: no_repeat takes no such option"),
        ("[month, kind], code", "month, code", "metadata.rules[1].columns: a list"),
        ("[month, kind], code", "[month, kinds], code", "metadata.rules[1].column: kinds"),
        ("severity: error", "severity: fatal", "metadata.rules[1].severity"),
        ("severity: error", "severity: error, valid_from: 2018", "metadata.rules[1].valid_from"),
        ("severity: error", "severity: error, when: {kinds: [away]}", "metadata.rules[1].when: kinds"),
        ("severity: error", "severity: error, when: {kind: away}", "metadata.rules[1].when: of kind it asks for"),
        ("severity: error", "severity: error, unless: notes", "metadata.rules[1].unless: notes"),
        ("says: Twice.", 'says: "Twice in {month}."', "metadata.rules[1].says: in braces"),
        ("fix: Once.", "", "metadata.rules[1].fix: it is missing"),
        ("evidence: [episodes]", "evidence: [episode]", "metadata.measures.episodes.evidence: episode"),
        ('sql: "sum(episodes)"', "sql: ''", "metadata.measures.episodes.sql"),
        ("name: missing_episodes", "name: Missing episodes", "name: a return's name is one word"),
        ("name: missing_episodes", "name: contributions", "name: returns/contributions.yaml has the same name"),
        ("version: 1", "name: other", "line 4: it is not YAML (the key 'name' stands twice)"),
        ("  kind:     {title", "\tkind:     {title", "line 8: it is not YAML"),
        (RETURN, "- one\n- another\n", "the whole file: names with values"),
        (RETURN, "", "the whole file"),
        (RETURN, "a\0b", "the whole file: it is not saved as plain text"),
    ],
)
def test_a_mistake_in_a_schema_file_is_named_by_its_key(board, stands, mistaken, key):
    assert stands in RETURN
    (board / YAML).write_text(RETURN.replace(stands, mistaken, 1), encoding="utf-8")
    assert refused(board).startswith(f"The file {YAML} cannot be used: {key}")


RULE = "rule: no_repeat, columns: [month, kind]"


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("rule: references, column: kind, in: training.kind", "in: there is no return training"),
        ("rule: references, column: kind, in: training_sessions.kind", "in: kind is not one of the columns of"),
        ("rule: references, column: kind, in: training_sessions", "in: it names another return and a column"),
        ("rule: references, column: kind", "in: references needs it"),
        ("rule: in_order, column: episodes, along: kind, by: [month], order: away", "order: a list"),
        ("rule: in_order, column: episodes, along: kinds, by: [month], order: [away]", "along: kinds"),
        ("rule: adds_up, column: episodes, parts: [episodes, '-away']", "parts: -away"),
    ],
)
def test_a_mistake_in_what_a_rule_asks_is_named_by_its_option(board, rule, key):
    (board / YAML).write_text(RETURN.replace(RULE, rule), encoding="utf-8")
    assert f"The file {YAML} cannot be used: metadata.rules[1].{key}" in refused(board)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"comparator": "equal"}, "ME2, comparator: 'equal' is none of"),
        ({"measure": "episode"}, "ME2, measure: missing_episodes has no measure episode"),
        ({"return": "missing"}, "ME2, return: there is no return missing"),
        ({"figure_id": "ME1"}, "line 3, figure_id"),
        ({"figure_id": ""}, "line 3, figure_id"),
        ({"value": "thirty"}, "ME2, value: the measure episodes gives a number"),
        ({"value": "1.34E+05"}, "line 3, value: Excel has put 1.34E+05 there"),
        ({"value": "########"}, "line 3, value: Excel has put ######## there"),
        ({"statement": "#NAME?"}, "line 3, statement: Excel has put #NAME? there"),
        ({"comparator": "approximately"}, "ME2, tolerance: approximately needs one"),
        ({"tolerance": "about 3"}, "ME2, tolerance"),
        ({"as_at": "March 2020"}, "ME2, as_at: a day is written"),
        ({"as_at": "31/02/2020"}, "ME2, as_at: a day is written"),
        ({"publish": "no"}, "ME2, publish"),
        ({"comparator": "half", "value": ""}, "ME2, measure: half takes a share"),
        ({"comparator": "sum_of", "note": "parts: M99"}, "ME2, note: M99"),
        ({"comparator": "every", "measure": "held_on", "value": "fortnight"}, "ME2, value: every asks for one of"),
        ({"comparator": "on", "measure": "held_on", "value": "in spring"}, "ME2, value: a date is written"),
    ],
)
def test_a_mistake_in_the_register_is_named_by_figure_and_column(board, changes, key):
    with (board / FIGURES).open("a", encoding="utf-8") as register:
        register.write(line(**{"figure_id": "ME2"} | changes))
    assert f"The file {FIGURES} cannot be used: {key}" in refused(board)


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("LFB,Another,local,,fire,false,,", "code: LFB stands here twice"),
        ("NEW,New,local,London Fire Brigade,fire,false,,", "a name or alias of NEW is already LFB's"),
        (",New,local,,fire,false,,", "an organisation needs a code"),
        ("NEW,,local,,fire,false,,", "an organisation needs a name"),
        ("NEW,New,local,,fire,perhaps,,", "statutory_partner: it is true or false"),
        ("NEW,New,local,,fire,false,soon,", "valid_from: a day is written"),
        ("NEW,New,local,,fire,false,2019-04-01,2018-04-01", "valid_to: it is before valid_from"),
        ("NEW,New,local,,fire,false,,,surplus", "it has more fields than the heading"),
    ],
)
def test_a_mistake_in_the_register_of_organisations_is_named_by_its_line(board, rows, key):
    with (board / ORGANISATIONS).open("a", encoding="utf-8") as register:
        register.write(f"{rows}\n")
    assert refused(board).startswith(f"The file {ORGANISATIONS} cannot be used: line ")
    assert key in refused(board)


def saved(text, encoding="utf-8", delimiter=",", mark=b""):
    """What another program writes of a CSV."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(text)))
    return mark + out.getvalue().encode(encoding)


@pytest.mark.parametrize("file", [FIGURES, ORGANISATIONS])
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"delimiter": ";"}, "line 1: its columns are not parted by commas"),
        ({"delimiter": "\t"}, "line 1: its columns are not parted by commas"),
        ({"encoding": "utf-16"}, "the whole file: it is not saved as plain text"),
    ],
)
def test_a_register_that_excel_saved_as_something_else_says_how_to_save_it(board, file, how, why):
    (board / file).write_bytes(saved((board / file).read_text(encoding="utf-8"), **how))
    assert f"The file {file} cannot be used: {why}" in refused(board)


@pytest.mark.parametrize("how", [{"mark": b"\xef\xbb\xbf"}, {"encoding": "cp1252"}])
@pytest.mark.parametrize("file", ["figures/2018-19.csv", ORGANISATIONS])
def test_a_register_that_excel_saved_as_csv_says_the_same_as_before(board, file, how):
    before = load_catalogue(board)
    text = (board / file).read_text(encoding="utf-8").replace("2021-09-30", "30/09/2021")
    for typed, kept in (("2019-03-31", "31/03/2019"), (",2017-07,", ",Jul-17,"), ("2018-09-07", "07/09/2018")):
        text = text.replace(typed, kept)
    (board / file).write_bytes(saved(text, **how))
    after = load_catalogue(board)
    assert after.organisations == before.organisations
    assert after.figures["2018-19"] == before.figures["2018-19"]


def test_a_column_that_is_missing_or_stands_twice_is_named(board):
    text = (board / FIGURES).read_text(encoding="utf-8")
    (board / FIGURES).write_text(text.replace("comparator", "comparison", 1), encoding="utf-8")
    assert "comparator: the column is missing" in refused(board)
    (board / FIGURES).write_text(text.replace("comparator", "value", 1), encoding="utf-8")
    assert "the column" in refused(board)
    (board / FIGURES).write_text("", encoding="utf-8")
    assert "figure_id: the column is missing" in refused(board)


@pytest.mark.parametrize("name", ["2019.csv", "2019-20 (1).csv", "2019-20 Q1.csv", "2019-2020.csv"])
def test_a_register_is_named_for_its_year_and_stands_once(board, name):
    shutil.copy(board / FIGURES, board / "figures" / name)
    assert f"The file figures/{name} cannot be used: file name" in refused(board)


def test_the_rules_and_checks_that_may_be_named_are_those_that_there_are():
    assert set(CHECKS) == set(RULES)
    assert all(callable(getattr(pa.Check, name)) for name in BUILT_IN)
