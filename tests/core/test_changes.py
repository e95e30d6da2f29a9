"""What is new, what stands, what was mended."""

from sscbtool.core.changes import changes, item_keys
from sscbtool.core.model import Finding, Place, Severity

BEFORE = {"F-a": "LFB", "F-b": "LBS", "2030-31 M01": "", "2029-30 M09": ""}
NOW = {"F-b": "LBS", "F-c": "LFB", "F-d": "", "2030-31 M02": ""}


def test_findings_are_new_still_open_or_mended_by_their_ids():
    made = changes(NOW, BEFORE, "2030-31")
    assert (set(made.new), set(made.still_open), set(made.mended)) == ({"F-c", "F-d"}, {"F-b"}, {"F-a"})
    assert made.sentence == "new 2, still open 1, mended 1"
    assert made.of("LFB").sentence == "new 1, still open 0, mended 1"


def test_a_figure_of_another_year_is_neither_mended_nor_new():
    made = changes(NOW, BEFORE, "2030-31")
    assert (made.figures_new, made.figures_mended) == (("2030-31 M02",), ("2030-31 M01",))


def test_everything_is_new_where_there_was_no_run():
    made = changes(NOW, None, "2030-31")
    assert (made.sentence, made.first) == ("new 3, still open 0, mended 0", True)


def test_a_fault_keeps_its_key_when_another_partner_s_file_of_the_same_name_gets_the_same_fault():
    def fault(partner):
        return Finding("SSCB-X-1", Severity.ERROR, "wrong", "mend", Place(f"returns/{partner}/return.csv", None, 3, 2))

    senders = {f"returns/{partner}/return.csv": partner for partner in ("LFB", "CCG")}
    alone = item_keys([fault("LFB")], senders)
    both = item_keys([fault("CCG"), fault("LFB")], senders)
    assert (both[1], len({*both})) == (alone[0], 2)
