"""Stored numbers, number formats and date serials."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sscbtool.edge.readers.stored import DateClass, date_class, iso_text, number_text, serial_text, stored_number


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", DateClass.NONE),
        ("Standard", DateClass.NONE),
        ("", DateClass.NONE),
        ("@", DateClass.NONE),
        ("0%", DateClass.NONE),
        ("0.00E+00", DateClass.NONE),
        ("# ?/?", DateClass.NONE),
        ("#,##0.00 [$€-407]", DateClass.NONE),
        ("[$£-809]#,##0.00;[Red]-[$£-809]#,##0.00", DateClass.NONE),
        ('_-"£"* #,##0.00_-;-"£"* #,##0.00_-;_-"£"* "-"??_-;_-@_-', DateClass.NONE),
        ('0 "days"', DateClass.NONE),
        ("0\\d", DateClass.NONE),
        ("_d0", DateClass.NONE),
        ("*d0", DateClass.NONE),
        ("[Red]0", DateClass.NONE),
        ("[>=100]0;dd", DateClass.NONE),
        ("dd/mm/yyyy", DateClass.DATE),
        ("DD/MM/YYYY", DateClass.DATE),
        ("mmm-yy", DateClass.DATE),
        ("mmmm", DateClass.DATE),
        ("yyyy\\-mm\\-dd;@", DateClass.DATE),
        ("[$-809]dd mmmm yyyy", DateClass.DATE),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", DateClass.DATE),
        ('[$-411]ggge"年"m"月"d"日"', DateClass.DATE),
        ("dd/mm/yyyy hh:mm", DateClass.DATE_TIME),
        ("m/d/yy h:mm AM/PM", DateClass.DATE_TIME),
        ("hh:mm:ss.000", DateClass.TIME),
        ("mm:ss.0", DateClass.TIME),
        ("h:mm AM/PM", DateClass.TIME),
        ("[h]:mm", DateClass.ELAPSED),
        ("[mm]:ss", DateClass.ELAPSED),
        ("[Blue][hh]:mm:ss", DateClass.ELAPSED),
    ],
)
def test_a_format_shows_a_date_a_time_or_a_number(code, shown):
    assert date_class(code) is shown


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=100, deadline=None)
def test_a_number_is_written_without_exponent_and_reads_back_as_the_same_double(value):
    text = number_text(value)
    assert text.strip("-0123456789.") == ""
    assert float(text) == value
    assert Decimal(text) == Decimal(repr(value))
    assert stored_number(text) == text


@given(st.decimals(-(10**12), 10**12, places=2))
@settings(max_examples=100, deadline=None)
def test_an_amount_in_pence_comes_back_exactly_however_it_was_written(amount):
    for written in (str(amount), f"{float(amount):.17g}", f"{float(amount):.17E}"):
        assert Decimal(stored_number(written)) == amount


@given(st.text(max_size=12))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_finite_number_or_none(text):
    number = stored_number(text)
    assert number is None or math.isfinite(float(number))


@given(st.integers(61, 2_958_465), st.integers(0, 86_399))
@settings(max_examples=100, deadline=None)
def test_a_serial_is_rounded_to_the_second_it_was_made_from(day, second):
    text = serial_text(day + second / 86_400, DateClass.DATE_TIME, epoch_1904=False)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    date = serial_text(float(day), DateClass.DATE, epoch_1904=False)
    assert text == (f"{date}T{clock}" if second else date)


@pytest.mark.parametrize("text", ["", "x", "2018-13-01", "9999-12-31T23:59:59.9", "25:00:00", "T"])
def test_what_is_no_iso_date_is_none(text):
    assert iso_text(text) is None
