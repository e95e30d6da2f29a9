"""The page is read as a browser and a stranger would: it needs nothing beside itself, and no text is live in it."""

import re
import time
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise

import pytest
from lxml import html
from tests.render.factories import CATALOGUE, FIGURES, HOSTILE, PERIOD, RESULTS, figure, hostile_result, result

from sscbtool.core.model import MeasureValue, Outcome, Severity, Status
from sscbtool.render import OutputFormat, render
from sscbtool.render.charts import DARK, LIGHT
from sscbtool.render.page import as_page
from sscbtool.render.report import (
    Brief,
    Chapter,
    Chart,
    ChartKind,
    Column,
    ColumnType,
    Line,
    Mark,
    Quantity,
    Table,
    Tone,
)

_CONTRIBUTIONS = RESULTS["summary"].measures
TREND = [
    {"return": "contributions", "measure": "received", "period": year, "unit": "GBP", "value": value,
     "change": change, "percent_change": percent}
    for year, value, change, percent in (
        ("2030-31", "1000000.00", None, None), (PERIOD, "1234471.50", "234471.50", "23.4"),
    )
]  # fmt: skip


def reported(outcome=Outcome.FINDINGS, **more):
    """A board's report made of the parts of the other results."""
    told = RESULTS["reconcile"]
    about = {
        "document": (told.extra.get("reconcile") or {}).get("document", ()),
        "trend": TREND,
        "explanations": [],
        "definitions": {"organisations.csv": "9" * 64},
        **more.pop("about", {}),
    }
    given = {"files": RESULTS["validate"].files, "findings": told.findings, "figures": told.figures,
             "measures": _CONTRIBUTIONS, **more}  # fmt: skip
    return result("report", outcome, extra={"report": about}, **given)


@pytest.fixture(autouse=True)
def _loaded():
    """The template is loaded with the program, once."""
    as_page(Brief("", Line("", Mark("", "", Tone.GOOD)), (), ()))


def page(given):
    return html.fromstring(render(given, OutputFormat.HTML))


def text(given):
    return " ".join(page(given).text_content().split())


@pytest.mark.parametrize("given", [*RESULTS.values(), reported()], ids=[*RESULTS, "report"])
def test_a_page_needs_nothing_beside_itself_and_says_so_in_its_policy(given):
    written = render(given, OutputFormat.HTML)
    tree = html.fromstring(written)
    assert not tree.xpath("//script | //iframe | //object | //embed | //img | //link | //form | //base")
    assert not tree.xpath("//@style | //@src | //@*[starts-with(name(), 'on')]")
    assert all(href.startswith("#") for href in tree.xpath("//@href"))
    assert not re.search(r"url\(|@import|@font-face", written)
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    style = re.search(r"<style>(.*?)</style>", written, re.DOTALL)[1]
    allowed = f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    assert policy == f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'"
    assert len(re.findall(r"<style", written)) == 1


@pytest.mark.parametrize("given", [*RESULTS.values(), reported()], ids=[*RESULTS, "report"])
def test_a_page_has_one_title_headings_in_order_and_ids_of_its_own(given):
    tree = page(given)
    assert tree.get("lang") == "en-GB"
    assert len(tree.xpath("//h1")) == 1
    levels = [int(heading.tag[1]) for heading in tree.xpath("//h1 | //h2 | //h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in tree.xpath("//@href")} <= set(ids)
    for table in tree.xpath("//table"):
        assert table.xpath("caption")[0].text_content().strip()
        assert table.xpath("thead//th[@scope='col']")


@pytest.mark.parametrize("given", [*RESULTS.values(), reported()], ids=[*RESULTS, "report"])
def test_the_same_result_is_the_same_page_at_any_time_and_opens_no_file(given, no_files, monkeypatch):
    once = render(given, OutputFormat.HTML)
    later = time.time() + 100_000_000
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(later))
    assert render(given, OutputFormat.HTML) == once


@pytest.mark.parametrize("command", ["inspect", "validate", "ingest", "reconcile", "report", "trace", "summary"])
def test_hostile_text_is_text_and_nothing_else(command):
    hostile = hostile_result(command)
    if command == "report":
        about = {"explanations": [{"id": HOSTILE, "about": HOSTILE, "reason": HOSTILE, "by": HOSTILE, "until": None}],
                 "definitions": {HOSTILE: HOSTILE}}  # fmt: skip
        hostile = replace(hostile, extra={"report": about})
    written = render(hostile, OutputFormat.HTML, show_values=True)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", written)
    assert "<script" not in written
    assert not html.fromstring(written).xpath("//script")
    assert "&lt;script&gt;" in written


# --------------------------------------------------------------------------- what the board reads


@pytest.mark.parametrize(
    ("figures", "outcome", "words"),
    [
        (FIGURES[2:4], Outcome.CLEAN, "The figures stand. All 2 figures that can be checked agree with the returns."),
        (FIGURES[2:3], Outcome.CLEAN, "The figures stand. The one figure that can be checked agrees with the returns."),
        (FIGURES[4:], Outcome.INCOMPLETE, "It cannot be said whether the figures stand: none could be checked"),
        ((), Outcome.INCOMPLETE, "It cannot be said whether the figures stand: none could be checked"),
        (FIGURES, Outcome.FINDINGS, "Not all the figures stand: of the 3 that can be checked, 1 does not agree with"),
        (FIGURES[1:4], Outcome.CLEAN, "All 2 figures that can be checked agree with the returns, but 1 more could not"),
        ((replace(FIGURES[0], explained=True), FIGURES[2]), Outcome.CLEAN,
         "1 of the 2 figures that can be checked agree with the returns, and the other 1 have been explained"),
    ],
)  # fmt: skip
def test_the_headline_says_in_words_whether_the_figures_stand(figures, outcome, words):
    given = reported(outcome, figures=figures, findings=(), files=RESULTS["reconcile"].files, about={"document": ()})
    (headline,) = page(given).xpath("//p[contains(@class, 'verdict')]")
    assert words in " ".join(headline.text_content().split())


def test_figures_that_stand_beside_open_faults_are_not_called_clean():
    given = reported(figures=FIGURES[2:4], about={"document": ()})
    assert "The figures stand, with open questions." in text(given)
    assert "1 file could not be read and 18 faults in the returns are open" in text(given)


def test_every_figure_stands_on_the_page_with_its_status_in_words():
    tree = page(reported())
    rows = {row.xpath("th")[0].text_content(): row for row in tree.xpath("//section[last()-1]//tbody/tr")}
    assert set(rows) == {each.figure.figure_id for each in FIGURES}
    assert "Does not agree" in rows["T01"].text_content()
    assert "Agrees" in rows["M07"].text_content()
    assert "Narrative" in rows["N01"].text_content()


def test_a_figure_never_to_be_published_shows_no_value_and_no_reason():
    told = figure("Q07", "4", "a death", "7717", "young people", Status.CONTRADICTED, 7718, 7719, reason="It is 7720.")
    hidden = replace(told, figure=replace(told.figure, publish="never"))
    shown = render(reported(figures=(told,)), OutputFormat.HTML)
    assert all(number in shown for number in ("7,717", "7,718", "7,719", "7720"))
    for output_format in (OutputFormat.HTML, OutputFormat.MARKDOWN, OutputFormat.TABLE):
        written = render(reported(figures=(hidden,)), output_format)
        assert not re.search(r"7,?7(17|18|19|20)", written)


def test_a_small_count_of_people_that_the_report_does_not_print_is_withheld():
    told = figure("T09", "2.2", "19 people were trained", "19", "people", Status.CONTRADICTED, 3, -16,
                  return_name="training_attendance", measure="individuals",
                  reason="The returns come to 3.")  # fmt: skip
    written = text(reported(figures=(told,)))
    assert "The returns come to a number too small to be shown." in written
    assert "come to 3" not in written
    assert "-16" not in written


def test_contributions_are_drawn_with_a_title_a_description_and_a_table_beside():
    tree = page(reported())
    drawings = tree.xpath("//figure[contains(., 'Contributions received by organisation, in pounds')]//*[@role='img']")
    assert len(drawings) == 2
    for drawing in drawings:
        title, description = (
            tree.get_element_by_id(drawing.get(each)).text for each in ("aria-labelledby", "aria-describedby")
        )
        assert title == "Contributions received by organisation, in pounds"
        assert "£1,234,471.50 was received from 4 organisations" in description
        labels = [each.text for each in drawing.iter() if each.tag == "text"]
        assert "£39,550.00" in labels
    (table,) = tree.xpath("//table[caption='Contributions by organisation']")
    assert "Northbridge Police" in table.text_content()


def test_the_head_of_the_run_log_stands_among_what_the_page_rests_on_and_never_in_the_json():
    given = replace(reported(), told={"head": "5" * 64})
    assert "5" * 64 in render(given, OutputFormat.HTML)
    assert "5" * 64 not in render(given, OutputFormat.JSON)
    assert "Head of the run log" not in render(reported(), OutputFormat.HTML)


def test_reasons_that_were_given_stand_with_who_gave_them():
    given = {"id": "F-1", "about": "a query", "reason": "agreed by letter", "by": "ines", "until": "2032-09-30"}
    written = text(reported(about={"explanations": [given]}))
    assert "F-1 a query agreed by letter ines 30/09/2032" in written


def test_each_partner_s_faults_are_counted_by_severity_and_kind():
    (table,) = page(reported()).xpath("//table[caption='Returns by partner']")
    total = [cell.text_content() for cell in table.xpath("tbody[@class='total']/tr/*")]
    counts = [sum(f.severity is severity for f in RESULTS["reconcile"].findings) for severity in Severity]
    assert total[-3:] == [str(count) for count in counts]
    (kinds,) = page(reported()).xpath("//table[caption='Faults by kind']")
    assert "SSCB-MON-1" in kinds.text_content()


def test_timeliness_stands_beside_the_partners_where_returns_are_expected():
    due = [
        {"partner": "NCC", "due": "2032-04-30", "state": state, "days_late": days}
        for state, days in (("received", 0), ("received", 1), ("received", 6), ("late", 40), ("nil", 0))
    ]
    given = replace(reported(), told={"due": [*due, {**due[0], "due": None}]})
    assert "1 in time, 2 up to 6 days late, 1 nil, 1 missing" in text(given)
    assert "Expected returns" not in text(reported())


def test_a_report_from_the_store_names_the_files_that_it_holds_and_their_partners():
    stored = [{"path": "returns/ncc.xlsx", "sha256": "7" * 64, "partners": ["NCC"], "rows": 12}]
    tree = page(reported(files=(), about={"stored": stored}))
    (table,) = tree.xpath("//table[caption='Returns by partner']")
    assert "Northbridge City Council 1 0 12" in " ".join(table.text_content().split())
    (files,) = tree.xpath("//table[caption='Files received']")
    assert "7" * 64 in files.text_content()
    assert "The store holds 1 file from 1 partner." in tree.text_content()


# --------------------------------------------------------------------------- charts


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_series_differ_in_grey_alone_and_no_text_is_paler_than_can_be_read():
    assert _contrast(DARK, LIGHT) >= 4.5
    assert _contrast(DARK, "#FFFFFF") >= 4.5
    style = re.search(r"<style>(.*?)</style>", render(reported(), OutputFormat.HTML), re.DOTALL)[1]
    inks = re.findall(r"--(?:ink|soft|navy|good|bad|doubt): (#[0-9a-f]{6})", style)
    assert len(inks) == 6
    assert all(_contrast(ink, "#f4f6f8") >= 4.5 for ink in inks)


def drawn(*values, kind=ChartKind.BARS, unit=""):
    rows = tuple((f"row {n} of <all>", Quantity(Decimal(value), unit)) for n, value in enumerate(values))
    table = Table("T", (Column("A"), Column("B", ColumnType.VALUE)), rows, chart=Chart(kind, "T & t", "a < b", (1,)))
    return as_page(Brief("", Line("", Mark("", "", Tone.GOOD)), (), (Chapter("C", (), (table,)),)))


@pytest.mark.parametrize("kind", ChartKind)
@pytest.mark.parametrize("values", [("0",), ("-3", "4"), ("-1", "-2"), ("0.1", "99999999999.99"), ("5", "5", "5")])
def test_any_numbers_can_be_drawn_and_each_is_written_exactly(kind, values):
    written = drawn(*values, kind=kind, unit="GBP")
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", written)
    for value in values:
        assert labels.count(Quantity(Decimal(value), "GBP").text) >= 2
    assert "NaN" not in written


def test_rows_of_the_same_name_are_drawn_apart():
    rows = (("same", Quantity(1)), ("same", Quantity(2)))
    table = Table("T", (Column("A"), Column("B", ColumnType.COUNT)), rows, chart=Chart(ChartKind.BARS, "t", "a", (1,)))
    written = as_page(Brief("", Line("", Mark("", "", Tone.GOOD)), (), (Chapter("C", (), (table,)),)))
    wide = written.split('class="narrow"')[0]
    heights = re.findall(r'<path d="M[^"]*"[^>]*stroke="#1F4E79"', wide)
    assert len(set(heights)) == 2


def test_a_table_with_nothing_to_draw_is_a_table():
    rows = (("a", None), ("b", "[c]"))
    table = Table("T", (Column("A"), Column("B", ColumnType.COUNT)), rows, chart=Chart(ChartKind.BARS, "t", "a", (1,)))
    written = as_page(Brief("", Line("", Mark("", "", Tone.GOOD)), (), (Chapter("C", (), (table,)),)))
    assert "<svg" not in written
    assert "[c]" in written


def test_organisations_that_no_register_knows_are_not_named():
    stranger = MeasureValue("contributions", "received", "Nobody & Sons", None, Decimal("5.00"), "GBP")
    assert "Nobody" not in render(reported(measures=(*_CONTRIBUTIONS, stranger)), OutputFormat.HTML)
    assert CATALOGUE.organisations[0].name in render(reported(), OutputFormat.HTML)
