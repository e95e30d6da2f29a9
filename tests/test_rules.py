"""Every rule of every schema file is provoked: by what its kind asks for, or by a change that its case file names.

``tests/cases/rules/RETURN.yaml`` holds a few sound rows of a return, rows of other returns that stand ``beside`` them,
and for the rules that no general change provokes the changes that do. All files are read as a partner's would be.
"""

import csv
import shutil
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from sscbtool.core.rules import RULES, WORDED_ELSEWHERE
from sscbtool.edge.catalogue import built_in, load_catalogue
from sscbtool.workflow.judging import judge_rows
from sscbtool.workflow.receiving import Request, receive

CASES = Path(__file__).parent / "cases" / "rules"
SCHEMAS = load_catalogue(built_in("schemas")).returns
STATED = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("*.yaml"))}
NO_ORGANISATION, NOTHING_READABLE, LONG_AGO = "Nobody Known Limited", "words", "01/05/2011"
OF_THE_TEST = "Wanted by test"


@dataclass(frozen=True)
class Case:
    """Rows with one thing wrong, and the code and the cell that must tell of it."""

    name: str
    return_name: str
    rows: tuple[dict, ...]
    code: str
    severity: str
    row: int
    """Counted from 1 over the data rows."""
    column: str


def kept(rows):
    return tuple({name: str(value) for name, value in row.items()} for row in rows)


def changed(rows, number, **values):
    return tuple(row | values if n == number else row for n, row in enumerate(rows, start=1))


def general(schema, rule, rows):
    """The rows that break a rule of one kind, and where that must be told; None where no general change does."""
    column = next((name for name in rule.columns if name in rows[0]), None)
    filled = next((n for n, row in enumerate(rows, start=1) if column and row[column]), 1)
    match rule.rule:
        case "required":
            return changed(rows, filled, **{column: ""}), filled, column
        case "kind" | "isin" | "str_matches" if column:
            return changed(rows, filled, **{column: NOTHING_READABLE}), filled, column
        case "in_range":
            return changed(rows, filled, **{column: "9999"}), filled, column
        case "known_organisation":
            return changed(rows, filled, **{column: NO_ORGANISATION}), filled, column
        case "in_period":
            return changed(rows, filled, **{column: LONG_AGO}), filled, column
        case "unique_key" | "no_repeat":
            again = rows[0] | {} if column else None
            return (*rows, again), len(rows) + 1, column
        case "not_negative":
            return changed(rows, filled, **{column: "-7.00"}), filled, column
        case "total_agrees":
            label = next(name for name in rows[0] if name != column)
            blank = dict.fromkeys(rows[0], "")
            return (*rows, blank | {label: "Total", column: "98765"}), len(rows) + 1, column
    return None


def cases():
    for name, stated in STATED.items():
        schema, rows = SCHEMAS[name], kept(stated["sound"])
        own = stated.get("cases") or {}
        severities = {rule.code: str(rule.severity) for rule in schema.rules}
        for code, changes in own.items():
            for n, change in enumerate(changes, start=1):
                put = {key: str(value) for key, value in change.get("put", {}).items()}
                wrong = changed(rows, change["row"], **put)
                if change.get("drop"):
                    wrong = tuple(row for k, row in enumerate(rows, start=1) if k != change["row"])
                where = change.get("found", change["row"])
                yield Case(f"{name}-{code}-{n}", name, wrong, code, severities[code], where, change["at"])
        told = set(own)
        for rule in schema.rules:
            if rule.code not in told and (made := general(schema, rule, rows)):
                told.add(rule.code)
                yield Case(f"{name}-{rule.code}", name, made[0], rule.code, str(rule.severity), made[1], made[2])


ALL = tuple(cases())
SOUND = tuple(Case(f"{name}-sound", name, kept(stated["sound"]), "", "", 0, "") for name, stated in STATED.items())


def write(path, rows, case):
    """The rows as CSV; a column that no return knows tells the file from that of any other case."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, dict.fromkeys([*(name for row in rows for name in row), OF_THE_TEST]))
        writer.writeheader()
        writer.writerows(row | {OF_THE_TEST: case.name} for row in rows)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Case -> its findings, each as (code, severity, row of data, column); one read of all files."""
    folder = tmp_path_factory.mktemp("rules")
    for case in (*ALL, *SOUND):
        (folder / case.name).mkdir()
        write(folder / case.name / "case.csv", case.rows, case)
        for other, rows in (STATED[case.return_name].get("beside") or {}).items():
            write(folder / case.name / f"beside {other}.csv", kept(rows), case)
    received = receive(Request(paths=(str(folder),), period="2018-19"))
    shutil.rmtree(folder)
    by_folder = defaultdict(list)
    for part in ("files", "submissions", "findings", "unread_cells"):
        for each in getattr(received, part):
            path = getattr(each, "path", None) or getattr(each, "file", None) or each.place.file
            by_folder[Path(path).parent.name, part].append(each)
    return {
        case.name: [
            (f.code, str(f.severity), (f.place.row or 1) - 1, f.column)
            for f in judge_rows(
                replace(
                    received,
                    **{part: tuple(by_folder[case.name, part]) for part in ("files", "submissions", "findings")},
                    unread_cells=tuple(by_folder[case.name, "unread_cells"]),
                )
            ).findings
        ]
        for case in (*ALL, *SOUND)
    }


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_a_fault_is_told_by_its_own_rule_at_its_own_cell(found, case):
    assert (case.code, case.severity, case.row, case.column) in found[case.name]


@pytest.mark.parametrize("case", SOUND, ids=[case.name for case in SOUND])
def test_sound_rows_raise_nothing(found, case):
    assert found[case.name] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_code_of_a_return_has_a_case(name):
    assert {case.code for case in ALL if case.return_name == name} == {rule.code for rule in SCHEMAS[name].rules}


def test_every_kind_of_rule_is_used_by_a_return():
    used = {rule.rule for schema in SCHEMAS.values() for rule in schema.rules}
    assert {*RULES, *WORDED_ELSEWHERE} <= used
