"""A table's chart as static SVG: Vega-Lite says what is drawn, vl-convert draws it, and what a page need not have goes.

Of the libraries that draw without a browser this one has no clock, seeks no fonts on the machine, writes text as text
and styles by attributes, which a page that forbids styles of unknown origin can show. Numbers become floats here and
only here, for the length of a bar; every label is written from the exact value.
"""

from __future__ import annotations

import re
from textwrap import wrap
from typing import Any

from lxml import etree

from sscbtool.core.neutral import printable
from sscbtool.render.report import Chart, ChartKind, Quantity, Row, Table, cell_text

VERSION = "6.4"
"""Of Vega-Lite: stated, so that a newer library draws the same."""
WIDE, NARROW = 720, 340
"""Pixels across: for a page or sheet of paper, and for a telephone."""
DARK, LIGHT, INK = "#1F4E79", "#B7CDE3", "#1B2430"
"""Steps of value, not of hue: they differ in grey, and for every eye."""
_LETTER, _LINE = 7.4, 15
"""Pixels that a letter and a line of a label take at most on average."""
_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
_SVG = "{http://www.w3.org/2000/svg}"
_LONGEST, _BROKEN_AT = 80, 34
"""Letters of a name beside its bar, and of a line of it."""


def is_drawn(table: Table) -> bool:
    """Whether the table has a chart, and anything to draw in it."""
    return table.chart is not None and bool(_values(table, table.chart))


def drawn(table: Table, chart: Chart, *, identity: str, width: int) -> str:
    """The chart as one ``svg`` element that scales; named and described for whoever cannot see it.

    Args:
        table: whose rows are drawn.
        chart: how.
        identity: what its ids begin with; unique on the page.
        width: of the drawing, in pixels of its text.
    """
    import vl_convert

    spec = _bars(table, chart, width) if chart.kind is ChartKind.BARS else _columns(table, chart, width)
    svg = vl_convert.vegalite_to_svg(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "background": None,
            "padding": {"left": 2, "right": 2, "top": 4, "bottom": 4},
            "config": {"view": {"stroke": None}, "font": _FONT, "text": {"fontSize": 13, "color": INK},
                       "axis": {"labelFontSize": 13, "labelColor": INK, "domain": False, "ticks": False, "title": None},
                       "legend": {"labelFontSize": 13, "labelColor": INK, "title": None, "orient": "top",
                                  "labelLimit": 0, "symbolType": "square",
                                  "direction": "vertical" if width == NARROW else "horizontal"}},
            **spec,
        },
        vl_version=VERSION,
        allowed_base_urls=[],
    )  # fmt: skip
    return _named(svg, chart, identity)


def _values(table: Table, chart: Chart) -> list[tuple[str, int, Quantity]]:
    """Name of the row, number of the series, and what is drawn."""
    return [
        (_name(row), number, cell)
        for row in table.rows
        for number, column in enumerate(chart.series)
        if isinstance(cell := row[column], Quantity)
    ]


def _name(row: Row) -> str:
    return printable(cell_text(row[0]), _LONGEST)


def _bars(table: Table, chart: Chart, width: int) -> dict[str, Any]:
    """Lying bars with their values at their ends; names at the left, or above the bars where it is narrow."""
    values = _values(table, chart)
    data = [_datum(number, each) for number, each in enumerate(values)]
    names = max((len(line) for each in data for line in each["beside"].split("\n")), default=0) * _LETTER
    tallest = max((each["lines"] for each in data), default=1)
    narrow = width == NARROW
    plot = width - (0 if narrow else names + 16) - 12
    label = max((len(cell.text) for _, _, cell in values), default=0) * _LETTER + 8
    numbers = [float(cell.value) for _, _, cell in values]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    room = (high - low or 1) / max(plot - label * ((low < 0) + (high > 0)), 60) * label
    x: dict[str, Any] = {
        "field": "value",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [low - room * (low < 0), high + room * (high > 0)], "nice": False, "zero": True},
    }
    y: dict[str, Any] = {"field": "row", "type": "nominal", "sort": None, "axis": None}
    down = 9 if narrow else 0
    bar = {"type": "bar", "height": 18, "yOffset": down,
           "color": {"expr": f"datum.value < 0 ? '{LIGHT}' : '{DARK}'"}, "stroke": DARK, "strokeWidth": 1}  # fmt: skip
    text: dict[str, Any] = {"type": "text", "baseline": "middle", "dy": down}
    ends: list[dict[str, Any]] = [
        {
            "mark": {**text, "align": side, "dx": apart},
            "transform": [{"filter": f"datum.value {sign} 0"}],
            "encoding": {"x": x, "text": {"field": "label"}},
        }
        for sign, side, apart in ((">=", "left", 5), ("<", "right", -5))
    ]
    # Names are drawn as texts, not as an axis: one of several lines then stands with its middle beside the bar.
    named = [
        {
            "mark": _NAMES
            | ({"align": "left", "dy": -10, "fontWeight": "bold"} if narrow else
               {"align": "right", "dx": -8, "dy": (1 - count) * _LINE / 2}),
            "transform": [{"filter": f"datum.lines == {count}"}],
            "encoding": {"x": {"value": 0}, "text": {"field": "name" if narrow else "beside"}},
        }
        for count in sorted({each["lines"] for each in data})
    ]  # fmt: skip
    zero = {"data": {"values": [{}]}, "mark": {"type": "rule", "color": INK, "strokeWidth": 1},
            "encoding": {"x": {"datum": 0, "type": "quantitative"}, "y": None}}  # fmt: skip
    return {
        "width": plot,
        "height": {"step": 48 if narrow else 14 + _LINE * tallest},
        "data": {"values": data},
        "encoding": {"y": y},
        "layer": [{"mark": bar, "encoding": {"x": x}}, zero, *ends, *named],
    }


_NAMES: dict[str, Any] = {"type": "text", "baseline": "middle", "lineBreak": "\n", "lineHeight": _LINE}


def _datum(number: int, value: tuple[str, int, Quantity]) -> dict[str, Any]:
    """One bar; rows are told apart by their number, for two of them may be called the same."""
    name, _, cell = value
    lines = wrap(name, _BROKEN_AT) or [""]
    return {"row": f"{number:05}", "name": name, "beside": "\n".join(lines), "lines": len(lines),
            "value": float(cell.value), "label": cell.text}  # fmt: skip


def _columns(table: Table, chart: Chart, width: int) -> dict[str, Any]:
    """Standing columns with their values on top; the series side by side, dark before light."""
    series = [printable(table.columns[column].heading) for column in chart.series]
    data = [
        {"name": name, "series": series[number], "value": float(cell.value), "label": cell.text}
        for name, number, cell in _values(table, chart)
    ]
    offset = {"field": "series", "type": "nominal", "sort": series}
    x = {"field": "name", "type": "nominal", "sort": None,
         "axis": {"labelAngle": 0, "labelPadding": 6, "labelExpr": _short(width), "labelLineHeight": _LINE},
         "scale": {"paddingInner": 0.3, "paddingOuter": 0.15}}  # fmt: skip
    color = {**offset, "scale": {"domain": series, "range": [DARK, LIGHT][: len(series)]},
             "legend": {} if len(series) > 1 else None}  # fmt: skip
    y = {"field": "value", "type": "quantitative", "axis": None}
    return {
        "width": width - 8,
        "height": 200,
        "data": {"values": data},
        "encoding": {"x": x, "xOffset": offset, "y": y},
        "layer": [
            {"mark": {"type": "bar", "stroke": DARK, "strokeWidth": 1}, "encoding": {"color": color}},
            {"mark": {"type": "text", "baseline": "bottom", "dy": -4}, "encoding": {"text": {"field": "label"}}},
        ],
    }


def _short(width: int) -> str:
    """``Q1, April to June`` in two lines, or its first word alone."""
    return "split(datum.label, ', ')[0]" if width == NARROW else "split(datum.label, ', ')"


_FINE = re.compile(r"-?[0-9]+\.[0-9]{3,}(?:e-?[0-9]+)?")
"""Finer than anybody sees."""


def _named(svg: str, chart: Chart, identity: str) -> str:
    """The drawing with a title and a description, and without what only other programs use."""
    root = etree.fromstring(svg.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name.startswith("aria-") or name in ("role", "font-family", "pointer-events", "version"):
                del element.attrib[name]
            elif _FINE.search(value):
                element.attrib[name] = _FINE.sub(lambda found: f"{float(found[0]):.2f}", value)
    for name in ("width", "height"):
        del root.attrib[name]
    root.attrib.update(
        {
            "role": "img",
            "class": "chart",
            "aria-labelledby": f"{identity}-title",
            "aria-describedby": f"{identity}-desc",
        }
    )
    for place, (tag, words) in enumerate((("title", chart.title), ("desc", chart.about))):
        element = etree.Element(f"{_SVG}{tag}", id=f"{identity}-{tag}")
        element.text = printable(words)
        root.insert(place, element)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")
