"""What reports say, and that every format renders every result."""

import random
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.render.factories import CATALOGUE, FIGURES, FILES, RESULTS, finding, hostile_result, result

from sscbtool.core.model import MeasureValue, Outcome, Severity, Status
from sscbtool.render import OutputFormat, render
from sscbtool.render.present import present
from sscbtool.render.present.measures import measure_sections, shares
from sscbtool.render.present.words import SEVERITY_MARKS, STATUS_MARKS
from sscbtool.render.report import Column, ColumnType, Mark, Quantity, Report, Table, Tone
from sscbtool.render.terminal import terminal

COMMANDS = ("inspect", "validate", "ingest", "reconcile", "trace", "summary", "schemas list")
TEXTS = (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.CSV, OutputFormat.MARKDOWN)
NUMBERS = re.compile(r"£?-?\d[\d,]*\.\d\d\b")


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("name", RESULTS)
def test_the_terminal_shows_what_was_looked_at_and_found_good(name, width, golden, request):
    shown = render(RESULTS[name], OutputFormat.TABLE, width=width)
    assert max(map(cell_len, shown.splitlines())) <= width
    golden(f"{name}.{width}.txt", shown)


@pytest.mark.parametrize("name", ["reconcile", "validate", "summary", "inspect"])
@pytest.mark.parametrize("output_format", [OutputFormat.CSV, OutputFormat.MARKDOWN])
def test_tables_for_other_programs_are_as_expected(name, output_format, golden):
    golden(f"{name}.{output_format}", render(RESULTS[name], output_format))


@pytest.mark.parametrize("name", RESULTS)
def test_rendering_opens_no_file_and_says_the_same_twice(name, no_files):
    for output_format in TEXTS:
        once = render(RESULTS[name], output_format)
        assert once == render(RESULTS[name], output_format)
        assert once.endswith("\n")


def test_the_report_s_own_checks_lead_and_only_those_that_do_not_hold_are_spelled_out():
    shown = render(RESULTS["reconcile"], OutputFormat.TABLE, width=200)
    first = shown.index("2 of 4 checks of the report's own figures hold; 1 does not; 1 uses different definitions.")
    assert first < shown.index("D-I4: ") < shown.index("D-L1: ") < shown.index("checkable figures")
    assert "D-M07" not in shown
    only = replace(RESULTS["reconcile-clean"], extra=RESULTS["reconcile"].extra)
    assert "Next: the report does not agree with itself (D-L1)" in render(only, OutputFormat.TABLE, width=200)


def test_breaks_come_before_what_agrees_and_say_why():
    shown = render(RESULTS["reconcile"], OutputFormat.TABLE, width=120)
    assert shown.index("Breaks:") < shown.index("T01     training") < shown.index("M07     Total")
    assert "Why: The returns evidence 2 fewer than the report says." in shown


def test_what_was_not_checked_is_folded_in_a_terminal_unless_one_section_is_asked_for():
    whole = render(RESULTS["reconcile"], OutputFormat.TABLE, width=120)
    assert "T02: No elearning_completions was read." in whole
    assert FIGURES[1].figure.statement not in whole
    assert "reconcile --section NUMBER" in whole
    section = render(result("reconcile", figures=FIGURES[:2]), OutputFormat.TABLE, width=120)
    assert FIGURES[1].figure.statement in section
    assert "--section" not in section


@pytest.mark.parametrize("output_format", [OutputFormat.CSV, OutputFormat.MARKDOWN])
def test_programs_are_given_every_figure(output_format):
    shown = render(RESULTS["reconcile"], output_format)
    for each in FIGURES:
        assert each.figure.figure_id in shown
        assert each.figure.statement in shown


def test_amounts_lose_their_sign_to_the_heading_only_where_that_keeps_a_table_together():
    rows = (("Northbridge City Council and its partners", *(Quantity(Decimal("15855.38"), "GBP") for _ in range(5))),)
    columns = (Column("Who", least=24, moves=1), *(Column(f"Q{n}", ColumnType.MONEY) for n in range(5)))
    report = Report("T", Outcome.CLEAN, (Table("", columns, rows),), "")
    wide, narrow = terminal(report, 120), terminal(report, 80)
    assert "£15,855.38" in wide
    assert "Q1 £" not in wide
    assert "£15,855.38" not in narrow
    assert narrow.count("Q1 £") == 1
    assert narrow.count("  15,855.38") == 5


def test_every_status_and_severity_has_its_own_words():
    assert set(STATUS_MARKS) == set(Status)
    assert len({mark.text for mark in STATUS_MARKS.values()}) == len(Status)
    assert set(SEVERITY_MARKS) == set(Severity)
    assert len({mark.symbol for mark in SEVERITY_MARKS.values()}) == len(Severity)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("name", ["reconcile", "summary", "inspect"])
def test_no_amount_id_or_cell_is_cut_however_narrow(name, width):
    shown = render(RESULTS[name], OutputFormat.TABLE, width=width)
    wide = render(RESULTS[name], OutputFormat.TABLE, width=400)
    for needed in {*NUMBERS.findall(wide), *(f.figure.figure_id for f in RESULTS[name].figures), "…"} - {"…"}:
        assert needed in shown
    assert "…" not in shown


def test_money_shares_a_decimal_point_with_counts_in_one_column():
    rows = (("a", Quantity(Decimal("134471.5"), "GBP")), ("b", Quantity(340)), ("c", Quantity(Decimal("12.5"), "%")))
    table = Table("", (Column("What"), Column("Value", ColumnType.VALUE)), rows)
    lines = terminal(Report("T", Outcome.CLEAN, (table,), ""), 80).splitlines()
    pounds, count, percent = (next(line for line in lines if line.startswith(letter)) for letter in "abc")
    assert pounds.index(".") == len(count) == percent.index(".")
    assert "£134,471.50" in pounds


def test_without_colour_there_are_no_escape_codes_and_with_colour_the_same_words():
    plain = render(RESULTS["validate"], OutputFormat.TABLE, width=100)
    coloured = render(RESULTS["validate"], OutputFormat.TABLE, width=100, color=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    stripped = "\n".join(line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines())
    assert stripped == plain.rstrip("\n")


def test_a_long_group_of_findings_is_one_entry_with_the_rest_counted():
    shown = render(RESULTS["validate"], OutputFormat.TABLE, width=200)
    assert shown.count("SSCB-ORG-1") == 1
    assert "C5, C9, C12 and 14 more" in shown
    assert "17 rows: This organisation" in shown
    assert render(RESULTS["validate"], OutputFormat.CSV).count("SSCB-ORG-1") == 17


def test_rows_read_are_always_rows_kept_and_rows_set_aside():
    for name in ("validate", "validate-clean", "reconcile", "summary", "ingest"):
        assert "436 read = 417 kept + 19 set aside" in render(RESULTS[name], OutputFormat.TABLE, width=80)


def test_a_refused_file_is_named_with_its_reason_and_what_to_ask_for():
    shown = render(RESULTS["validate"], OutputFormat.TABLE, width=200)
    assert "probation/locked.xlsx: it is protected by a password. Ask the sender for a copy without one." in shown


def test_the_verdict_names_the_published_total_only_where_it_agrees():
    good = render(RESULTS["reconcile-clean"], OutputFormat.TABLE, width=200)
    assert "Financial contributions received: agrees with the published £1,234,471.50 (2 of 2 figures)." in good
    wrong = replace(FIGURES[3], status=Status.CONTRADICTED, evidenced="1234471.49", difference="-0.01")
    bad = render(replace(RESULTS["reconcile-clean"], figures=(FIGURES[2], wrong)), OutputFormat.TABLE, width=200)
    assert "agrees with the published" not in bad
    assert "Financial contributions received: 1 of 2 figures agree; see M07." in bad
    assert "-£0.01" in bad


def test_nothing_checked_is_never_said_to_agree():
    shown = render(result("reconcile", Outcome.INCOMPLETE, figures=(FIGURES[1],)), OutputFormat.TABLE, width=100)
    assert "No figure could be checked; 1 not checked." in shown
    assert "✓" not in shown
    assert "Nothing needs mending" not in shown


def test_an_explained_break_is_shown_as_such_and_not_asked_for_again():
    explained = replace(FIGURES[0], explained=True)
    shown = render(result("reconcile", figures=(explained,)), OutputFormat.TABLE, width=120)
    assert "Does not agree (explained)" in shown
    assert "sscbtool trace" not in shown


# --------------------------------------------------------------------------- shares and totals


@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=2), min_size=1, max_size=30))
@settings(max_examples=80, deadline=None)
def test_shares_foot_to_one_hundred_whatever_the_amounts(amounts):
    parts = shares(amounts)
    if sum(amounts):
        assert sum(parts) == Decimal("100.00")
        whole = sum(amounts)
        assert all(abs(p - a * 100 / whole) < Decimal("0.01") for p, a in zip(parts, amounts, strict=True))
    else:
        assert parts is None


def test_shares_of_three_equal_amounts_differ_by_the_last_hundredth():
    assert shares([1, 1, 1]) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


def _amounts(column, rows):
    return [row[column].value for row in rows if row[column] is not None]


def test_contributions_by_agency_foot_and_say_who_is_statutory():
    (table,) = [t for t in measure_sections(RESULTS["summary"].measures, CATALOGUE) if t.heading.endswith("by agency")]
    assert sum(_amounts(2, table.rows)) == table.total[2].value == Decimal("1234471.50")
    assert sum(_amounts(3, table.rows)) == table.total[3].value == Decimal("100.00")
    assert {row[0]: row[1] for row in table.rows}["Northbridge Fire and Rescue Service"] == "no"


def test_quarters_foot_both_ways_with_what_is_undated_or_unregistered_in_lines_of_its_own():
    (table,) = [t for t in measure_sections(RESULTS["summary"].measures, CATALOGUE) if t.heading.startswith("Attend")]
    lines = [*table.rows, table.total]
    for line in lines:
        values = [cell.value for cell in line[1:]]
        assert sum(values[:-1]) == values[-1]
    for column in range(1, len(table.columns)):
        assert sum(_amounts(column, table.rows)) == table.total[column].value
    assert not table.notes


def test_distinct_counts_that_do_not_add_up_say_so():
    (table,) = [t for t in measure_sections(RESULTS["summary"].measures, CATALOGUE) if t.heading.startswith("Indiv")]
    assert "need not add up" in table.notes[0]


def test_an_organisation_outside_the_register_is_named_only_on_request():
    values = (
        MeasureValue("contributions", "received", "J. Smith", None, Decimal(5), "GBP"),
        MeasureValue("contributions", "received", None, None, Decimal(5), "GBP"),
    )
    shown = result("summary", measures=values)
    for output_format in (OutputFormat.TABLE, OutputFormat.CSV, OutputFormat.MARKDOWN):
        assert "Smith" not in render(shown, output_format)
    assert "J. Smith" in render(shown, OutputFormat.TABLE, show_values=True)


def test_findings_in_another_order_make_the_same_report():
    given_order = RESULTS["validate"]
    shuffled = list(given_order.findings)
    random.Random(3).shuffle(shuffled)
    for output_format in TEXTS:
        assert render(given_order, output_format) == render(
            replace(given_order, findings=tuple(shuffled)), output_format
        )


# --------------------------------------------------------------------------- hostile text


def _live(text):
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("output_format", TEXTS)
def test_hostile_text_reaches_no_output_live(command, output_format):
    for show_values in (False, True):
        shown = render(hostile_result(command), output_format, width=100, show_values=show_values)
        assert not _live(shown)


@pytest.mark.parametrize("command", COMMANDS[:6])
def test_markup_in_a_cell_is_shown_and_never_obeyed(command):
    shown = render(hostile_result(command), OutputFormat.TABLE, width=400, color=True, show_values=True)
    assert "[red]bold[/red]" in shown
    assert "\x1b]0" not in shown
    assert "\x1b[2J" not in shown


@pytest.mark.parametrize("command", COMMANDS[:6])
def test_no_csv_cell_begins_like_a_formula(command):
    import csv
    from io import StringIO

    for row in csv.reader(StringIO(render(hostile_result(command), OutputFormat.CSV, show_values=True))):
        for cell in row:
            assert not cell.startswith(("=", "@", "+", "\t")) or re.fullmatch(r"[+-]?[\d.]+", cell)


@pytest.mark.parametrize("command", COMMANDS[:6])
def test_markdown_holds_no_html_and_no_broken_table_row(command):
    shown = render(hostile_result(command), OutputFormat.MARKDOWN, show_values=True)
    assert not re.search(r"(?<!\\)<script", shown)
    bars = None
    for line in shown.splitlines():
        count = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert count is None or bars is None or count == bars
        bars = count


def test_many_totals_that_agree_are_one_line_and_each_that_does_not_has_its_own():
    report = RESULTS["inspect"].files[0].tables[0]
    good, wrong = report.table.totals[0], report.table.totals[1]
    many = [*(replace(good, column=c) for c in range(2, 20)), *(replace(wrong, column=c) for c in (20, 21))]
    crowded_table = replace(report, table=replace(report.table, totals=tuple(many)))
    crowded = replace(RESULTS["inspect"].files[0], tables=(crowded_table,))
    shown = render(result("inspect", files=(crowded,)), OutputFormat.TABLE, width=200)
    assert re.search(r"^B11:S11 +Total +18 totals .*✓ Agrees$", shown, re.M)
    assert len(re.findall(r"^[TU]11 .*✗ Does not agree$", shown, re.M)) == 2


def test_quantities_read_well_and_compute_exactly():
    assert Quantity(Decimal("-1234.5"), "GBP").text == "-£1,234.50"
    assert Quantity(Decimal("1234.5"), "GBP", signed=True).text == "+£1,234.50"
    assert Quantity(Decimal("1.005"), "GBP").text == "£1.005"
    assert Quantity(10**19, "GBP").plain == "10000000000000000000.00"
    assert Quantity(Decimal("45.30"), "percent").text == "45.30%"
    assert Mark("✓", "Agrees", Tone.GOOD).text == "✓ Agrees"


def test_a_workbook_of_two_returns_is_one_line():
    both = replace(FILES[0], tables=(*FILES[0].tables, *FILES[1].tables))
    report = present(result("validate", files=(both,), findings=(finding("SSCB-ORG-1", Severity.ERROR, 5, column=3),)))
    (files,) = [section for section in report.sections if section.heading.startswith("Files")]
    assert len(files.rows) == 1
    assert "contributions, training_attendance" in files.rows[0]
