import pytest

from sscbtool.core.model import Comparator, Figure, Measure
from sscbtool.core.register import mistake, parts_of


def figure(comparator, value="", tolerance=None, **more):
    given = {"where": None, "section": "2", "statement": "it is so", "return_name": "meetings", "measure": "held"}
    return Figure(figure_id="X01", comparator=comparator, value=value, unit="", tolerance=tolerance, **given | more)


COUNTS = Measure("meetings", "held", "count(*)", "meetings", "Meetings held")
LISTS = Measure("meetings", "days", "held_on", "days", "Days of meetings", listed=True)
SHARE = Measure("meetings", "share", "sum(x)", "%", "Share", of="count(*)")
AS_AT = Measure("plans", "open", "count(*)", "children", "Open plans", where="plan_start <= {as_at}")


@pytest.mark.parametrize(
    ("asked", "measure", "column"),
    [
        (figure(Comparator.EQUALS, "45"), None, "measure"),
        (figure(Comparator.EVERY, ""), LISTS, "value"),
        (figure(Comparator.OVER, "many"), COUNTS, "value"),
        (figure(Comparator.EQUALS, "45", publish="always"), COUNTS, "publish"),
        (figure(Comparator.EQUALS, "45", "a bit"), COUNTS, "tolerance"),
        (figure(Comparator.APPROXIMATELY, "90"), COUNTS, "tolerance"),
        (figure(Comparator.ROUNDED, "21100"), COUNTS, "tolerance"),
        (figure(Comparator.ROUNDED, "21150", "100"), COUNTS, "tolerance"),
        (figure(Comparator.ROUNDED, "21100", "1%"), COUNTS, "tolerance"),
        (figure(Comparator.PERCENT_CHANGE, "-10", "1%"), COUNTS, "tolerance"),
        (figure(Comparator.EVERY, "fortnight"), LISTS, "value"),
        (figure(Comparator.EVERY, "month"), COUNTS, "measure"),
        (figure(Comparator.EQUALS, "4"), LISTS, "measure"),
        (figure(Comparator.HALF, "50"), COUNTS, "measure"),
        (figure(Comparator.ON, "some day"), LISTS, "value"),
        (figure(Comparator.EQUALS, "329", as_at="mid-2018"), AS_AT, "as_at"),
        (figure(Comparator.SUM_OF, "10"), COUNTS, "note"),
        (figure(Comparator.SUM_OF, "10", note="parts: M01 M99"), COUNTS, "note"),
    ],
)
def test_a_row_of_the_register_that_cannot_be_used_is_named_by_its_column(asked, measure, column):
    found = mistake(asked, measure, {"M01": figure(Comparator.EQUALS, "5")})
    assert found is not None
    assert found[0] == column


@pytest.mark.parametrize(
    ("asked", "measure"),
    [
        (figure(None, "anything at all"), None),
        (figure(Comparator.EQUALS, "45"), COUNTS),
        (figure(Comparator.EQUALS, ""), COUNTS),
        (figure(Comparator.ROUNDED, "", "100"), COUNTS),
        (figure(Comparator.SUM_OF, "", note="parts: M01"), COUNTS),
        (figure(Comparator.HALF, "half", "2.5pp"), SHARE),
        (figure(Comparator.ON, "2018-09"), LISTS),
        (figure(Comparator.ON, "2018-09"), COUNTS),
        (figure(Comparator.EQUALS, "329", as_at="2019-03-31"), AS_AT),
        (figure(Comparator.SUM_OF, "5", note="The total. parts: M01"), COUNTS),
    ],
)
def test_a_sound_row_of_the_register_is_let_pass(asked, measure):
    assert mistake(asked, measure, {"M01": figure(Comparator.EQUALS, "5")}) is None


def test_the_parts_of_a_total_are_read_from_its_note():
    assert parts_of(figure(Comparator.SUM_OF, note="To the penny; parts: M01 M02, P04a. And more.")) == (
        "M01",
        "M02",
        "P04a",
    )
    assert parts_of(figure(Comparator.SUM_OF)) == ()
