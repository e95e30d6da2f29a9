"""Each comparator and each status, as a person meets them: a board's own register held against its returns."""

import csv
import io
import shutil

import pytest
from tests.cli.conftest import run

from sscbtool.core.model import Comparator, Status
from sscbtool.edge.catalogue import FIGURE_FIELDS, built_in

RETURNS = {
    "2018-19/LBS/plans.csv": """\
        Snapshot date,Category of abuse,Children on plan
        31/03/2019,Neglect,164
        31/03/2019,Physical,165
        """,
    "2017-18/LBS/plans.csv": """\
        Snapshot date,Category of abuse,Children on plan
        31/03/2018,Neglect,170
        31/03/2018,Physical,168
        """,
    "2018-19/MPS/knife.csv": """\
        Month,Offence type,Borough,Number of offences
        01/05/2018,Knife crime,Southwark,90
        01/05/2018,Knife crime with injury,Southwark,25
        """,
    "2017-18/MPS/knife.csv": """\
        Month,Offence type,Borough,Number of offences
        01/05/2017,Knife crime,Southwark,100
        01/05/2017,Knife crime with injury,Southwark,20
        """,
    "2018-19/LBS/money.csv": """\
        Agency,Amount,Date
        Southwark CCG,60000.00,01/05/2018
        CAFCASS,550.50,01/06/2018
        """,
    "2018-19/LBS/hub.csv": """\
        Month commencing,Contact source,Number of contacts,Became referrals
        01/04/2018,Police,40,10
        01/04/2018,Housing,12,<5
        """,
    "2018-19/LBS/lado.csv": """\
        LADO ref,Date received,Type of contact,Sector,Size of employer
        A1,01/05/2018,Referral,School,Large
        A2,02/05/2018,Referral,Nursery,Small
        A3,03/05/2018,Referral,Police,Small
        """,
    "2018-19/SSCB/meetings.csv": """\
        Group,Date of meeting,Quorate
        Human Resources,12/06/2018,Yes
        Human Resources,12/09/2018,Yes
        Human Resources,12/12/2018,Yes
        Human Resources,12/03/2019,Yes
        """,
    "2018-19/SSCB/registers.csv": """\
        Register,Entry,Start date,Owner
        Priority,Neglect,01/04/2018,SSCB
        Priority,Exploitation,01/04/2018,SSCB
        Plan,Serious violence,01/04/2018,SSCB
        """,
}
ON_PLAN = {"return": "cp_plans", "measure": "on_plan", "as_at": "2019-03-31"}
NEGLECT = {"return": "cp_plans", "measure": "neglect_on_day", "as_at": "2019-03-31"}
MONEY = {"return": "contributions", "measure": "received", "unit": "GBP"}
KNIFE = {"return": "knife_crime", "measure": "offences"}
INJURY = {"return": "knife_crime", "measure": "injury"}
MEETINGS = {"return": "meetings", "measure": "held_on"}
TITLES = {"return": "register_entries", "measure": "titles", "where": "entry_kind = 'priority'"}
REFERRED = {"return": "mash_contacts", "measure": "referrals"}
LADO = {"return": "lado_referrals"}
PLAN = {"return": "register_entries", "measure": "dated", "where": "entry_kind = 'plan'"}

FIGURES = [
    # comparator, value, status, evidenced, difference, and the rest of the row
    ("equals", "329", "holds", 329, 0, ON_PLAN),
    ("equals", "330", "contradicted", 329, -1, ON_PLAN),
    ("equals", "60550.50", "holds", "60550.50", "0.00", MONEY),
    ("equals", "60,550", "contradicted", "60550.50", "0.50", MONEY),
    ("equals", "60000", "holds", "60000.00", "0.00", MONEY | {"where": "organisation = 'CCG'"}),
    ("equals", "500.00", "not_evidenced", None, None, MONEY | {"where": "organisation = 'LFB'"}),
    ("equals", "", "not_computable", 329, None, ON_PLAN),
    ("equals", "45", "not_checked", None, None, {"return": "training_sessions", "measure": "delivered"}),
    ("sum_of", "60550.50", "holds", "60550.50", "0.00", MONEY | {"note": "parts: PA1 PA2"}),
    ("sum_of", "60550.51", "contradicted", "60550.50", "-0.01", MONEY | {"note": "parts: PA1 PA2"}),
    ("over", "328", "holds", 329, 1, ON_PLAN),
    ("over", "329", "contradicted", 329, 0, ON_PLAN),
    ("at_least", "329", "holds", 329, 0, ON_PLAN),
    ("at_least", "330", "contradicted", 329, -1, ON_PLAN),
    ("approximately", "320", "holds_within_rounding", 329, 9, ON_PLAN | {"tolerance": "5%"}),
    ("approximately", "300", "contradicted", 329, 29, ON_PLAN | {"tolerance": "5%"}),
    ("half", "", "holds_within_rounding", "49.85", None, NEGLECT),
    ("half", "", "contradicted", "49.85", None, NEGLECT | {"tolerance": "0.1pp"}),
    ("majority", "", "holds", "66.67", None, LADO | {"measure": "nurseries_and_schools"}),
    ("majority", "", "contradicted", "33.33", None, LADO | {"measure": "large_employers"}),
    ("lower_than", "", "holds", 329, None, ON_PLAN | {"tolerance": "5%"}),
    ("lower_than", "", "contradicted", 329, None, ON_PLAN | {"tolerance": "1%"}),
    ("lower_than", "", "not_computable", None, None, MONEY),
    ("greater_than", "", "holds", 25, None, INJURY),
    ("greater_than", "", "contradicted", 90, None, KNIFE),
    ("percent_change", "-10", "holds", -10, 0, KNIFE | {"unit": "%"}),
    ("percent_change", "-11", "contradicted", -10, 1, KNIFE | {"unit": "%"}),
    ("rounded", "330", "holds_within_rounding", 329, -1, ON_PLAN | {"tolerance": "10"}),
    ("rounded", "340", "contradicted", 329, -11, ON_PLAN | {"tolerance": "10"}),
    ("every", "quarter", "holds", "2018-06-12; 2018-09-12; 2018-12-12; 2019-03-12", None, MEETINGS),
    ("every", "month", "contradicted", "2018-06-12; 2018-09-12; 2018-12-12; 2019-03-12", None, MEETINGS),
    ("count_of_list", "2", "holds", 2, 0, TITLES),
    ("count_of_list", "3", "contradicted", 2, -1, TITLES),
    ("same_set", "exploitation; Neglect", "holds", "Exploitation; Neglect", None, TITLES),
    ("same_set", "Neglect", "contradicted", "Exploitation; Neglect", None, TITLES),
    ("exists", "", "holds", 1, None, PLAN),
    ("exists", "", "not_evidenced", None, None, PLAN | {"where": "entry_kind = 'grant'"}),
    ("on", "2018-04", "holds", "2018-04-01", None, PLAN),
    ("on", "2018-05", "contradicted", "2018-04-01", None, PLAN),
    ("by", "2018-04-01", "holds", "2018-04-01", None, PLAN),
    ("by", "2018-03", "contradicted", "2018-04-01", None, PLAN),
    ("over", "10", "holds", "11 to 14", None, REFERRED),
    ("equals", "13", "suppressed", "11 to 14", None, REFERRED),
    ("equals", "15", "contradicted", "11 to 14", None, REFERRED),
    ("", "4", "narrative", None, None, {"note": "An image without data."}),
]
PARTS = [("PA1", "60000.00", "CCG"), ("PA2", "550.50", "CAFCASS")]
CHECKS = [
    ("D1", "nested", "X01 X02", "", ""),
    ("D2", "implied_denominator", "X01/X03 X02/X04", "Of other pupils.", "definition_differs"),
]
PRINTED = [("X01", "32034", ""), ("X02", "41089", ""), ("X03", "79.0", "%"), ("X04", "2.6", "%")]


def register():
    rows = []
    for n, (comparator, value, _, _, _, rest) in enumerate(FIGURES, start=1):
        rows.append({"figure_id": f"F{n:02}", "comparator": comparator, "value": value} | rest)
    for figure_id, value, payer in PARTS:
        where = f"organisation = '{payer}'"
        rows.append({"figure_id": figure_id, "comparator": "equals", "value": value} | MONEY | {"where": where})
    rows += [{"figure_id": figure_id, "value": value, "unit": unit} for figure_id, value, unit in PRINTED]
    return written(FIGURE_FIELDS, ({"section": "1", "statement": "as it is printed"} | row for row in rows))


def written(fields, rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, fields, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    shutil.copytree(built_in("schemas"), folder / "schemas")
    (folder / "sscbtool.toml").write_text("")
    for year in ("2017-18", "2018-19"):
        (folder / "schemas" / "figures" / f"{year}.csv").unlink()
    (folder / "schemas" / "figures" / "2018-19.csv").write_text(register(), encoding="utf-8")
    names = ("check_id", "kind", "figures", "note", "expects")
    checks = written(names, (dict(zip(names, each, strict=True)) for each in CHECKS))
    (folder / "schemas" / "figures" / "2018-19-checks.csv").write_text(checks, encoding="utf-8")
    for name, text in RETURNS.items():
        path = folder / "returns" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def result(board):
    ran = run("--workspace", board, "reconcile", board / "returns", "--period", "2018-19", "--format", "json")
    assert ran.code == 1, ran.err
    return ran.json


@pytest.mark.parametrize("n", range(len(FIGURES)), ids=[f"{c or 'none'}-{v}-{s}" for c, v, s, *_ in FIGURES])
def test_a_figure_comes_out_as_its_comparator_says(result, n):
    _, _, status, evidenced, difference, _ = FIGURES[n]
    [figure] = [each for each in result["figures"] if each["figure_id"] == f"F{n + 1:02}"]
    assert (figure["status"], figure["evidenced"], figure["difference"]) == (status, evidenced, difference)
    assert type(figure["evidenced"]) is type(evidenced)


def test_checks_of_the_document_come_out_before_any_return(result):
    assert [each["status"] for each in result["reconcile"]["document"]] == ["holds", "definition_differs"]


def test_every_comparator_and_every_status_is_met():
    assert {row[0] for row in FIGURES} == {"", *map(str, Comparator)}
    assert {row[2] for row in FIGURES} | {"definition_differs"} == set(map(str, Status))
