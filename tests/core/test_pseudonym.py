"""People can be counted without anybody being able to look them up."""

from sscbtool.core.pseudonym import pseudonym

KEY, OTHER = b"k" * 32, b"o" * 32


def test_the_same_person_has_the_same_pseudonym_however_typed():
    assert pseudonym(" A.Person@example.org", KEY) == pseudonym("a.person@EXAMPLE.org ", KEY)


def test_two_people_and_two_keys_have_different_ones():
    assert len({pseudonym("1", KEY), pseudonym("2", KEY), pseudonym("1", OTHER)}) == 3


def test_a_pseudonym_holds_nothing_of_the_identifier():
    assert "12345" not in pseudonym("12345", KEY)
