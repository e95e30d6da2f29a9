"""What the settings may say, and how a slip in them is named."""

import datetime as dt

import pytest

from sscbtool.core.due import Every, Expectation
from sscbtool.core.values import Period
from sscbtool.edge.settings import SETTINGS, find_workspace
from sscbtool.errors import BadConfiguration
from sscbtool.workflow.layout import SETTINGS_TEXT, lay_out


def settings(folder, text):
    (folder / SETTINGS).write_text(text, encoding="utf-8")
    return find_workspace(folder, folder)


def test_one_table_expects_each_return_of_each_partner(tmp_path):
    said = settings(
        tmp_path,
        '[[expected]]\npartner = ["LFB", "MPS"]\nreturn = ["contributions", "in_kind"]\ndue = 14\nfrom = "2018-19"\n',
    )
    assert [(e.partner, e.return_name) for e in said.expected] == [
        ("LFB", "contributions"), ("MPS", "contributions"), ("LFB", "in_kind"), ("MPS", "in_kind"),
    ]  # fmt: skip
    assert said.expected[0] == Expectation("LFB", "contributions", Every.YEAR, 14, Period(2018), None)


def test_a_year_bounds_the_quarters_of_a_quarterly_return(tmp_path):
    said = settings(
        tmp_path, '[[expected]]\nreturn = "spend"\nevery = "quarter"\nfrom = "2018-19"\nuntil = "2018-19"\n'
    )
    assert (said.expected[0].first, said.expected[0].last) == (Period(2018, 1), Period(2018, 4))


def test_a_day_goes_with_one_period(tmp_path):
    said = settings(tmp_path, '[[expected]]\nreturn = "spend"\ndue = 2019-05-31\nfrom = "2018-19"\n')
    assert (said.expected[0].due, said.expected[0].last) == (dt.date(2019, 5, 31), Period(2018))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[expected]]\npartner = "LFB"\n', "expected 1: return"),
        ('[[expected]]\nreturn = "spend"\nevry = "year"\n', "expected 1: evry"),
        ('[[expected]]\nreturn = "spend"\nevery = "month"\n', "expected 1: every"),
        ('[[expected]]\nreturn = "spend"\ndue = -1\n', "expected 1: due"),
        ('[[expected]]\nreturn = "spend"\ndue = 2019-05-31\n', "expected 1: due"),
        ('[[expected]]\nreturn = "spend"\nfrom = "soon"\n', "expected 1: from"),
        ('[[expected]]\nreturn = "spend"\nfrom = "2018-19 Q2"\n', "expected 1: from"),
        ('[[expected]]\nreturn = "spend"\nfrom = "2019-20"\nuntil = "2018-19"\n', "expected 1: until"),
        ('[[expected]]\nreturn = "spend"\n[[expected]]\nreturn = 3\n', "expected 2: return"),
        ('[expected]\nreturn = "spend"\n', "expected: a table in double brackets"),
        ('[check]\nreports = ["pdf"]\n', "check.reports"),
        ("[check]\nsettle_seconds = -1\n", "check.settle_seconds"),
        ("[check]\nquiet = true\n", "check.quiet"),
    ],
)
def test_a_slip_is_named_by_its_key(tmp_path, text, named):
    with pytest.raises(BadConfiguration) as refused:
        settings(tmp_path, text)
    assert named in refused.value.message


def test_a_new_workspace_expects_nothing_and_the_examples_in_its_settings_are_sound(tmp_path):
    list(lay_out(tmp_path / "plain", sample=False))
    plain = find_workspace(tmp_path / "plain", tmp_path)
    assert (plain.expected, plain.check.reports) == ((), ())
    lines = [line.removeprefix("# ") if " = " in line or "[" in line else line for line in SETTINGS_TEXT.splitlines()]
    uncommented = settings(tmp_path, "\n".join(lines[1:]))
    assert len(uncommented.expected) == 1
    assert uncommented.check.reports == ("html", "xlsx")


def test_the_sample_workspace_expects_the_sample_year(tmp_path):
    list(lay_out(tmp_path / "board", sample=True))
    assert len(find_workspace(tmp_path / "board", tmp_path).expected) > 20
