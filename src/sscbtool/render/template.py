"""A blank form for one return: what partners fill in, with drop-downs, formats and input rules after its schema.

A cover sheet, a sheet for the rows, guidance, and the lists behind the drop-downs. The same schema, register, partner
and period give the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import xlsxwriter

from sscbtool.core import forms
from sscbtool.core.model import (
    ColumnKind,
    ColumnSpec,
    Organisation,
    Result,
    ReturnSchema,
    Rule,
    Severity,
    column_letters,
)
from sscbtool.core.neutral import inert
from sscbtool.core.values import Period, parse_period

_MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed date, for a workbook has to have one
_LAST_ROW = 1_048_575
"""The last row of a sheet, from 0."""
_FORMATS: Mapping[ColumnKind, str] = {
    ColumnKind.MONEY: "#,##0.00",
    ColumnKind.COUNT: "0",
    ColumnKind.NUMBER: "General",
    ColumnKind.PERCENT: "0.0#%",
    ColumnKind.DATE: "dd/mm/yyyy",
}
"""All other kinds are text, so that references keep their leading noughts."""
_WIDTHS: Mapping[ColumnKind, int] = {
    ColumnKind.ORGANISATION: 38,
    ColumnKind.TEXT: 30,
    ColumnKind.DATE: 13,
    ColumnKind.PERIOD: 13,
    ColumnKind.MONEY: 15,
}
_ENTER: Mapping[ColumnKind, str] = {
    ColumnKind.ORGANISATION: "Choose the organisation from the list.",
    ColumnKind.MONEY: "Pounds and pence, such as 1234.50.",
    ColumnKind.COUNT: "A whole number.",
    ColumnKind.NUMBER: "A number, without words.",
    ColumnKind.PERCENT: "A percentage, such as 22.5%.",
    ColumnKind.DATE: "A date as day/month/year, such as 01/05/2018.",
    ColumnKind.PERIOD: "A financial year such as 2018-19, or a quarter such as 2018-19 Q1.",
    ColumnKind.CODE: "A reference, always written in the same way.",
    ColumnKind.PERSON: "A reference for the person, never a name unless you were asked for it.",
    ColumnKind.TEXT: "Words.",
}
_INK, _NEEDED, _OPTIONAL, _INPUT = "#FFFFFF", "#1F3B57", "#5B6F83", "#FFF9E5"
_TITLE, _MESSAGE = 32, 255
"""Characters that an input rule may show."""


@dataclass(frozen=True)
class Form:
    """What a blank form is made from; a partner or period that is not known is left for the sender to say."""

    schema: ReturnSchema
    organisations: Sequence[Organisation]
    partner: Organisation | None = None
    period: Period | None = None


def template(form: Form) -> bytes:
    """The form as the bytes of an XLSX file."""
    out = BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"title": f"Return: {form.schema.title}", "created": _MADE, "comments": ""})
    _Writer(book, form).write()
    book.close()
    return out.getvalue()


def forms_of(result: Result) -> dict[str, bytes]:
    """Where each form of a run of ``template`` goes -> its bytes."""
    catalogue = result.catalogue
    assert catalogue is not None
    known = {each.code: each for each in catalogue.organisations}
    made = {}
    for file in result.extra["template"]["files"]:
        period = parse_period(file["period"]) if file["period"] else None
        form = Form(
            catalogue.returns[file["return"]],
            catalogue.organisations,
            known.get(file["partner"]),
            period if isinstance(period, Period) else None,
        )
        made[file["path"]] = template(form)
    return made


class _Writer:
    """One form in the making."""

    def __init__(self, book: Any, form: Form) -> None:
        self._book = book
        self._form = form
        self._schema = form.schema
        self._lists = self._choices()
        self._ranges = {
            name: f"={forms.LISTS}!${letters}$5:${letters}${4 + len(values)}"
            for letters, (name, values) in zip(map(column_letters, range(1, 99)), self._lists.items(), strict=False)
        }

    def _format(self, **look: Any) -> Any:
        return self._book.add_format({"font_name": "Arial", "font_size": 10, "valign": "top", **look})

    def write(self) -> None:
        """The sheets in the order in which a partner needs them."""
        cover, rows, guide, lists = (
            self._book.add_worksheet(name) for name in (forms.COVER, forms.ROWS, forms.GUIDE, forms.LISTS)
        )
        self._cover(cover)
        self._rows(rows)
        self._guide(guide)
        self._list_sheet(lists)

    def _choices(self) -> dict[str, tuple[str, ...]]:
        """Each list by the column that it is for; all organisations under the name of their kind."""
        day = self._form.period.end if self._form.period else None
        there = (o.name for o in self._form.organisations if day is None or o.valid_from is None or o.valid_from <= day)
        found = {"": tuple(sorted(map(inert, there), key=str.casefold))}
        for spec in self._schema.columns:
            if spec.kind is ColumnKind.CODE and (values := forms.choices(spec)):
                found[spec.name] = values
        return {name: values for name, values in found.items() if values}

    # ----- the cover

    def _cover(self, page: Any) -> None:
        form, schema = self._form, self._schema
        label, entry = self._format(bold=True), self._format(bg_color=_INPUT, border=1, num_format="@")
        count = self._format(bg_color=_INPUT, border=1, num_format="0", align="left")
        value = self._format(bg_color=_INPUT, border=1, num_format="#,##0.00", align="left")
        page.set_column(0, 0, 24)
        page.set_column(1, 1, 52)
        page.hide_gridlines(2)
        page.write_string(0, 0, f"Return: {inert(schema.title)}", self._format(bold=True, font_size=14))
        page.write_string(1, 0, f"Fill in this cover, then the sheet {forms.ROWS}. Please change no headings.", label)
        lines = [
            ("return", inert(schema.title), entry),
            ("partner", inert(form.partner.name) if form.partner else "", entry),
            ("period", str(form.period) if form.period else "", entry),
            ("nil", "no", entry),
            ("rows", "", count),
            *([("value", "", value)] if schema.totals else []),
            ("role", "", entry),
        ]
        notes = {
            "return": "Which return this is. Leave it as it is.",
            "partner": "Who sends it: choose from the list.",
            "period": "The financial year or quarter that it is for, such as 2018-19 or 2018-19 Q1.",
            "nil": f"Choose yes if there is nothing to report, and leave the sheet {forms.ROWS} empty. Otherwise no.",
            "rows": f"How many rows the sheet {forms.ROWS} should have, by your own records. It is held against them.",
            "value": f"What {forms.totalled(schema)} should come to, by your own records. It is held against the rows.",
            "role": "The role of whoever prepared it, such as finance officer; not a name.",
        }
        for number, (key, said, look) in enumerate(lines, 3):
            page.write_string(number, 0, forms.LABELS[key], label)
            page.write(number, 1, said, look) if said else page.write_blank(number, 1, None, look)
            rule: dict[str, Any] = {"validate": "any"}
            if key == "partner" and "" in self._ranges:
                rule = {"validate": "list", "source": self._ranges[""], "error_type": "warning"}
            elif key == "nil":
                rule = {"validate": "list", "source": ["yes", "no"], "error_type": "stop"}
            elif key == "rows":
                rule = {"validate": "integer", "criteria": ">=", "value": 0, "error_type": "stop"}
            elif key == "value":
                rule = {"validate": "decimal", "criteria": "between", "minimum": -1e12, "maximum": 1e12}
            page.data_validation(number, 1, number, 1, rule | _prompt(forms.LABELS[key], notes[key]))
        below = 4 + len(lines)
        page.write_string(below, 0, "What these mean", label)
        for number, (key, _, _) in enumerate(lines, below + 1):
            page.write_string(number, 0, f"{forms.LABELS[key]}: {notes[key]}", self._format())
        _page(page)

    # ----- the rows

    def _rows(self, page: Any) -> None:
        for number, spec in enumerate(self._schema.columns):
            name, needed = forms.heading(spec), _is_needed(spec)
            look = self._format(
                bold=True, text_wrap=True, font_color=_INK, bg_color=_NEEDED if needed else _OPTIONAL, border=1
            )
            page.write_string(0, number, name, look)
            note = f"{'Needed.' if needed else 'If you have it.'} {' '.join(self._guidance(spec))}"
            page.write_comment(0, number, note, {"author": "", "width": 300, "height": 30 + 17 * (len(note) // 42 + 1)})
            width = max(_WIDTHS.get(spec.kind, 16), len(name) * 0.75 + 3)
            column = self._book.add_format(
                {"font_name": "Arial", "font_size": 10, "num_format": _FORMATS.get(spec.kind, "@")}
            )
            page.set_column(number, number, width, column)
            if rule := self._rule(spec, number):
                page.data_validation(1, number, _LAST_ROW, number, rule)
        page.set_row(0, 30)
        page.freeze_panes(1, 0)
        page.set_landscape()
        page.repeat_rows(0)
        _page(page)

    def _rule(self, spec: ColumnSpec, number: int) -> dict[str, Any]:
        """The input rule of one column: what the schema refuses is refused, what it only asks about is asked about."""
        rules = {rule.rule: rule for rule in self._schema.rules if spec.name in rule.columns[:1]}
        shown = _prompt(forms.heading(spec), " ".join(self._guidance(spec)))
        match spec.kind:
            case ColumnKind.ORGANISATION if "" in self._ranges:
                known = rules.get("known_organisation")
                return {"validate": "list", "source": self._ranges[""], **_grave(known, "warning"), **shown}
            case ColumnKind.CODE if spec.name in self._ranges:
                return {"validate": "list", "source": self._ranges[spec.name], "error_type": "stop", **shown}
            case ColumnKind.DATE:
                return {"validate": "date", **self._days(spec, rules), **shown}
            case ColumnKind.MONEY | ColumnKind.COUNT | ColumnKind.NUMBER | ColumnKind.PERCENT:
                kind = "integer" if spec.kind is ColumnKind.COUNT else "decimal"
                return {"validate": kind, **self._bounds(spec, rules), **shown}
            case ColumnKind.CODE | ColumnKind.PERSON if "unique_key" in rules and len(rules["unique_key"].columns) == 1:
                letters = column_letters(number + 1)
                once = f"=COUNTIF(${letters}$2:${letters}${_LAST_ROW + 1},{letters}2)=1"
                return {"validate": "custom", "value": once, **_grave(rules["unique_key"], "stop"), **shown}
            case _:
                return {"validate": "any", **shown}

    def _days(self, spec: ColumnSpec, rules: Mapping[str, Rule]) -> dict[str, Any]:
        names = [each.name for each in self._schema.columns]
        if (order := rules.get("not_before")) and order.options.get("other") in names:
            other = column_letters(names.index(str(order.options["other"])) + 1)
            return {"criteria": ">=", "value": f"=${other}2", **_grave(order, "stop")}
        period = self._form.period
        if spec.within == "period" and period:
            return {"criteria": "between", "minimum": period.start, "maximum": period.end, "error_type": "warning"}
        return {"criteria": ">=", "value": dt.date(1900, 1, 2), "error_type": "stop"}

    def _bounds(self, spec: ColumnSpec, rules: Mapping[str, Rule]) -> dict[str, Any]:
        """The least and the most that the schema's checks allow, and how gravely."""
        checks = self._schema.declared.get("columns", {}).get(spec.name, {}).get("checks") or {}
        if span := checks.get("in_range"):
            both = {"criteria": "between", "minimum": span["min_value"], "maximum": span["max_value"]}
            return both | _grave(rules.get("in_range"), "stop")
        if "equal_to" in checks:
            return {"criteria": "==", "value": checks["equal_to"], **_grave(rules.get("equal_to"), "stop")}
        if "positive" in rules:
            return {"criteria": ">", "value": 0, **_grave(rules["positive"], "stop")}
        if "not_negative" in rules and not rules["not_negative"].options.get("unless"):
            return {"criteria": ">=", "value": 0, **_grave(rules["not_negative"], "stop")}
        if spec.kind is ColumnKind.COUNT:
            return {"criteria": ">=", "value": 0, "error_type": "stop"}
        return {"criteria": "between", "minimum": -1e12, "maximum": 1e12, "error_type": "stop"}

    # ----- guidance and lists

    def _guidance(self, spec: ColumnSpec) -> Iterator[str]:
        """What to enter, then what the schema's rules ask for, each remedy once."""
        if spec.name in self._lists:
            yield f"Choose one of: {', '.join(self._lists[spec.name])}."
        else:
            yield _ENTER[spec.kind]
        if spec.within == "period" and (period := self._form.period):
            yield f"From {period.start:%d/%m/%Y} to {period.end:%d/%m/%Y}."

    def _asked(self, spec: ColumnSpec) -> Iterator[str]:
        titles = {each.name: each.title.lower() for each in self._schema.columns}
        period = str(self._form.period or "the period")
        for rule in self._schema.rules:
            if spec.name in rule.columns and rule.rule not in ("required", "kind", "isin", "total_agrees", "in_period"):
                other = str(rule.options.get("other") or "")
                words = {"title": spec.title.lower(), "column": spec.title.lower(), "period": period}
                yield rule.says.format_map(words | {"other": titles.get(other, other)})

    def _guide(self, page: Any) -> None:
        head = self._format(bold=True, bg_color="#D9E2EC", border=1)
        cell = self._format(text_wrap=True, border=1, border_color="#C8C8C8")
        page.write_string(0, 0, "How to fill this in", self._format(bold=True, font_size=14))
        page.write_string(1, 0, forms.MARK, self._format())
        grain = self._schema.grain or "one row for each thing that is reported"
        page.write_string(2, 0, f"The sheet {forms.ROWS} takes {inert(grain)}, without totals.", self._format())
        page.write_string(3, 0, "Dark headings are needed, lighter ones if you have them.", self._format())
        page.hide_gridlines(2)
        for index, (text, width) in enumerate(zip(forms.GUIDANCE, (26, 12, 48, 64), strict=True)):
            page.write_string(5, index, text, head)
            page.set_column(index, index, width)
        for number, spec in enumerate(self._schema.columns, 6):
            enter, asked = " ".join(self._guidance(spec)), " ".join(dict.fromkeys(self._asked(spec)))
            texts = (forms.heading(spec), forms.NEEDED if _is_needed(spec) else forms.OPTIONAL, enter, asked or "-")
            for index, text in enumerate(texts):
                page.write_string(number, index, text, cell)
            page.set_row(number, 13.5 * max(len(enter) // 46 + 1, len(asked) // 62 + 1) + 3)
        page.set_landscape()
        _page(page)

    def _list_sheet(self, page: Any) -> None:
        page.write_string(0, 0, "The lists behind the drop-downs", self._format(bold=True, font_size=14))
        page.write_string(1, 0, forms.MARK, self._format())
        for index, (name, values) in enumerate(self._lists.items()):
            title = (
                "Organisations that the board knows" if not name else f"Choices of {self._schema.column(name).title}"
            )
            page.write_string(3, index, title, self._format(bold=True, text_wrap=True))
            page.set_column(index, index, 52 if not name else 24)
            for number, value in enumerate(values, 4):
                page.write_string(number, index, value, self._format())
        _page(page)


def _is_needed(spec: ColumnSpec) -> bool:
    return spec.required and not spec.nullable


def _prompt(title: str, message: str) -> dict[str, Any]:
    """What is shown when a cell is chosen, and again when an entry is refused."""
    short = message if len(message) <= _MESSAGE else message[: _MESSAGE - 1] + "…"
    own = title[:_TITLE]
    return {"input_title": own, "input_message": short, "error_title": own, "error_message": short}


def _grave(rule: Rule | None, otherwise: str) -> dict[str, str]:
    """Whether an entry is refused or only asked about."""
    if rule is None:
        return {"error_type": otherwise}
    return {"error_type": "stop" if rule.severity is Severity.ERROR else "warning"}


def _page(page: Any) -> None:
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
