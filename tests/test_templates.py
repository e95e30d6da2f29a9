"""Every return's form, filled in with a year of valid rows, reads back clean and with the same rows."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from sscbtool.core import forms
from sscbtool.core.model import ColumnKind, Severity
from sscbtool.core.organisations import Register
from sscbtool.core.values import Period, fold, parse_period
from sscbtool.edge.catalogue import built_in, load_catalogue
from sscbtool.render.template import Form, template
from sscbtool.workflow.judging import judge_rows
from sscbtool.workflow.receiving import Request, receive

SAMPLE = Path(__file__).parents[1] / "sample_data" / "2018-19"
YEAR = Period(2018)
CATALOGUE = load_catalogue(built_in("schemas"))
REGISTER = Register(CATALOGUE.organisations)


def judged(*paths):
    return judge_rows(receive(Request(paths=tuple(map(str, paths)), period=str(YEAR))))


def typed(spec, value):
    """A value as a person types it into the form's cell."""
    if pd.isna(value):
        return None
    match spec.kind:
        case ColumnKind.PERCENT:
            return float(Decimal(value) / 100)
        case ColumnKind.MONEY | ColumnKind.NUMBER:
            return float(value)
        case ColumnKind.COUNT:
            return int(value)
        case ColumnKind.DATE:
            return pd.Timestamp(value).to_pydatetime()
        case ColumnKind.ORGANISATION:
            known = REGISTER.resolve(value)
            return known.name if known else value
        case ColumnKind.CODE if spec.values:
            offered = {spec.values[fold(each)]: each for each in forms.choices(spec)}
            return offered[value]
        case _:
            return str(value)


def filled(schema, rows, partner):
    """The form of a return with rows, its cover stating how many and what they come to."""
    book = load_workbook(BytesIO(template(Form(schema, CATALOGUE.organisations, REGISTER.resolve(partner), YEAR))))
    sheet = book[forms.ROWS]
    assert [cell.value for cell in sheet[1]] == [forms.heading(spec) for spec in schema.columns]
    for number, row in enumerate(rows.itertuples(index=False), 2):
        for index, spec in enumerate(schema.columns, 1):
            sheet.cell(number, index).value = typed(spec, getattr(row, spec.name))
            sheet.cell(number, index).number_format = sheet.column_dimensions[
                sheet.cell(1, index).column_letter
            ].number_format
    cover = {row[0].value: row[1] for row in book[forms.COVER].iter_rows(min_row=4, max_row=11)}
    cover["Control total rows"].value = len(rows)
    if schema.totals:
        cover["Control total value"].value = float(sum(rows[name].dropna().sum() for name in schema.totals))
    return book


@pytest.fixture(scope="module")
def year():
    """The rows of the sample year by return."""
    found = judged(SAMPLE)
    assert not [f for f in found.findings if f.severity is not Severity.WARNING]
    rows = {}
    for name, each in found.rows.items():
        of_year = [np.array([p == str(YEAR) for p in s.periods], dtype=bool) for s in each.submissions]
        frame = each.frame[np.concatenate(of_year)] if of_year else each.frame
        frame = frame.reset_index(drop=True)
        if name == "contributions":  # quarters as columns came without dates: rows of one payer would be alike
            quarters = [q for s, of in zip(each.submissions, of_year, strict=True) for q in np.array(s.quarters)[of]]
            starts = [parse_period(quarter).start if quarter else pd.NaT for quarter in quarters]
            frame["received_on"] = frame["received_on"].fillna(pd.Series(pd.to_datetime(starts)))
        rows[name] = frame
    return rows


@pytest.fixture(scope="module")
def returned(year, tmp_path_factory):
    """All forms of the year filled in, in one folder, read back."""
    folder = tmp_path_factory.mktemp("filled")
    for name, rows in year.items():
        filled(CATALOGUE.returns[name], rows, CATALOGUE.returns[name].sender or "LBS").save(folder / f"{name}.xlsx")
    return judged(folder)


def test_the_sample_year_has_rows_of_every_return(year):
    assert {name for name, rows in year.items() if len(rows)} == set(CATALOGUE.returns)


def test_filled_in_forms_are_clean(returned):
    assert [(f.code, f.place, f.message) for f in returned.findings if f.severity is not Severity.WARNING] == []
    unlooked = {"SSCB-TAB-7", "SSCB-FIL-8"}
    assert [(f.code, f.place) for f in returned.findings if f.code in unlooked] == []
    assert not [file for file in returned.files if file.refused]


@pytest.mark.parametrize("name", sorted(CATALOGUE.returns))
def test_a_form_gives_the_same_rows_back(name, year, returned):
    schema = CATALOGUE.returns[name]
    (submission,) = returned.rows[name].submissions
    columns = [spec.name for spec in schema.columns]
    pd.testing.assert_frame_equal(submission.frame[columns], year[name][columns])
    assert {name: str(by) for name, by in submission.recognised.items() if name != "period"} == {
        "return": "cover",
        "partner": "cover",
    }
    assert submission.period == str(YEAR)


@pytest.mark.parametrize("name", sorted(CATALOGUE.returns))
def test_a_form_offers_what_the_schema_allows_and_nothing_in_it_is_live(name):
    schema = CATALOGUE.returns[name]
    data = template(Form(schema, CATALOGUE.organisations))
    assert data == template(Form(schema, CATALOGUE.organisations))
    book = load_workbook(BytesIO(data))
    rules = book[forms.ROWS].data_validations.dataValidation
    assert len(rules) == len(schema.columns)
    lists = {cell.value for row in book[forms.LISTS].iter_rows(min_row=5) for cell in row}
    for spec in schema.columns:
        if spec.kind is ColumnKind.CODE and spec.values:
            assert {spec.values[fold(each)] for each in forms.choices(spec)} == set(spec.values.values())
            assert set(forms.choices(spec)) <= lists
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert all(len(rule.prompt or "") <= 255 and len(rule.promptTitle or "") <= 32 for rule in rules)


def blank(tmp_path, **cover):
    book = load_workbook(BytesIO(template(Form(CATALOGUE.returns["contributions"], CATALOGUE.organisations,
                                               REGISTER.resolve("LFB"), YEAR))))  # fmt: skip
    for row in book[forms.COVER].iter_rows(min_row=4, max_row=11):
        if row[0].value in cover:
            row[1].value = cover[row[0].value]
    return book, tmp_path / "form.xlsx"


def test_a_blank_form_is_a_nil_return_only_if_its_cover_says_so(tmp_path):
    book, path = blank(tmp_path)
    book.save(path)
    assert [f.code for f in judged(path).findings] == ["SSCB-TAB-6"]
    book, path = blank(tmp_path, **{"Nil return": "yes"})
    book.save(path)
    found = judged(path)
    assert found.findings == ()
    assert [each.period for each in found.received.submissions] == [str(YEAR)]


@pytest.mark.parametrize(
    ("cover", "codes", "cell"),
    [
        ({"Control total rows": 2, "Control total value": 500}, ["SSCB-CON-1"], "B8"),
        ({"Control total rows": 1, "Control total value": 500.01}, ["SSCB-CON-2"], "B9"),
        ({"Control total rows": "one or two"}, ["SSCB-CON-3"], "B8"),
        ({"Nil return": "yes"}, ["SSCB-CON-5"], "B7"),
        ({"Control total rows": 1, "Control total value": "£500.00"}, [], None),
    ],
)
def test_control_totals_are_held_against_the_rows_at_the_cover_s_cell(tmp_path, cover, codes, cell):
    book, path = blank(tmp_path, **cover)
    sheet = book[forms.ROWS]
    sheet["A2"], sheet["B2"], sheet["C2"] = "LFB", 500, "01/05/2018"
    book.save(path)
    found = judged(path).findings
    assert [f.code for f in found] == codes
    assert [(f.place.sheet, f.place.cell) for f in found] == ([("Cover", cell)] if cell else [])


def test_rows_on_a_sheet_that_only_explains_are_read_and_what_was_added_to_it_is_told(tmp_path):
    book, path = blank(tmp_path)
    book[forms.ROWS]["A2"], book[forms.ROWS]["B2"], book[forms.ROWS]["C2"] = "LFB", 500, "01/05/2018"
    book.save(path)
    assert judged(path).findings == ()
    lists = book[forms.LISTS]
    lists["H4"], lists["I4"] = "Secret", "Words"
    lists["H5"], lists["I5"] = "more", "and more"
    book.save(path)
    assert {f.place.sheet for f in judged(path).findings} == {forms.LISTS}
    lists["H4"], lists["I4"], lists["J4"] = "Organisation", "Amount", "Date received"
    lists["H5"], lists["I5"], lists["J5"] = "LFB", "60,000.00", "01/05/2018"
    book.save(path)
    assert sum(total.total for total in judged(path).totals) == Decimal("60500.00")
