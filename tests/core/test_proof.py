from sscbtool.core.model import Comparator, Figure
from sscbtool.core.proof import Passage, Role, Standing, proof
from sscbtool.core.values import Period

YEAR = Period(2018)


def figure(figure_id, statement, value="", comparator=Comparator.EQUALS, unit="", **more):
    given = {"section": "2", "return_name": "returns", "measure": "count", "where": None, "scope": "SSCB"}
    return Figure(
        figure_id=figure_id, statement=statement, comparator=comparator, value=value, unit=unit, **given | more
    )


def lines(text, page=None):
    blank, made = True, []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            role = Role.ROW if "\t" in line else Role.BODY
            made.append(Passage(line, f"line {number}", page, role, follows=not blank))
        blank = not line.strip()
    return made


def standings(text, *register, period=YEAR):
    return [(each.number.text, each.standing, each.figures) for each in proof(lines(text), register, period).numbers]


PLANS = figure("S01", "there were 329 children on a child protection plan", "329", as_at="2019-03-31")
TRAINED = figure("T02", "training 340 individuals", "340")
SESSIONS = figure("T01", "provided 45 face-to-face training sessions", "45")


def test_a_registered_number_is_matched_to_its_figure_and_the_day_it_is_stated_at():
    text = "At the end of March 2019, there were 329 children on a child protection plan."
    assert standings(text, PLANS) == [
        ("March 2019", Standing.REGISTERED, ("S01",)),
        ("329", Standing.REGISTERED, ("S01",)),
    ]


def test_a_number_changed_in_a_registered_sentence_is_stale_and_not_unknown():
    found = proof(lines("Then there were 331 children on a child protection plan."), [PLANS], YEAR)
    (number,) = found.numbers
    assert (number.standing, number.figures, number.reason) == (Standing.STALE, ("S01",), "the register says 329")
    assert not found.sound


def test_a_number_in_words_says_the_same_as_in_digits():
    text = "We provided forty-five face-to-face training sessions, training 340 individuals."
    assert [each[1] for each in standings(text, SESSIONS, TRAINED)] == [Standing.REGISTERED] * 2


def test_a_number_that_no_statement_holds_is_unregistered_and_its_likeness_named():
    found = proof(lines("We provided 45 face-to-face training sessions. Later 45 people came."), [SESSIONS], YEAR)
    assert [each.standing for each in found.numbers] == [Standing.REGISTERED, Standing.UNREGISTERED]
    assert found.numbers[1].reason == "T01 has this value in another sentence"


def test_a_sentence_is_found_over_wrapped_lines_a_page_break_soft_hyphens_and_captions():
    text = (
        "In the year the Board pro\u00ad\nvided 45 face-\nto-face\n\n\n12\n\n\nA chart of who came\n\n"
        "training sessions, and it went on training\n340 indi\u00adviduals."
    )
    found = standings(text, SESSIONS, TRAINED)
    assert ("45", Standing.REGISTERED, ("T01",)) in found
    assert ("340", Standing.REGISTERED, ("T02",)) in found


def test_a_sentence_that_has_ended_does_not_go_on_in_a_later_passage():
    text = "The Board provided 45 face-to-face.\n\nOther things were said.\n\ntraining sessions came later."
    assert standings(text, SESSIONS)[0][1] is Standing.UNREGISTERED


def test_a_reworded_statement_is_still_held_against_its_figure():
    was = figure("D1", "the Board delivered 45 training sessions to partner agencies in the borough", "45")
    text = "Over the year the Board delivered some 47 training sessions to its partner agencies in the borough."
    assert standings(text, was) == [("47", Standing.STALE, ("D1",))]


def test_statements_that_differ_in_their_numbers_alone_are_told_apart():
    small = [figure("P1", "Children aged 0-4 years (2017) 21,100", "21100")]
    large = [figure("P2", "Children aged 0-19 years (2017) 70,800", "70800")]
    text = "Children aged 0-4 years (2017)\t21,100\nChildren aged 0-19 years (2017)\t70,900"
    found = {text: (standing, ids) for text, standing, ids in standings(text, *small, *large)}
    assert found["21,100"] == (Standing.REGISTERED, ("P1",))
    assert found["70,900"] == (Standing.STALE, ("P2",))


def test_each_number_of_a_row_goes_to_the_figure_whose_value_it_is():
    row = "School pupils with needs 1,089 2.6% 30,776 2.4% 193,657 2.4%"
    values = (("A", "1089", ""), ("B", "2.6", "%"), ("C", "30776", ""), ("D", "2.4", "%"), ("E", "193657", ""))
    register = [figure(name, row, value, unit=unit) for name, value, unit in (*values, ("F", "2.4", "%"))]
    found = standings("School pupils with needs\t1,089\t2.6%\t30,776\t2.4%\t193,657\t2.5%", *register)
    assert [each[2] for each in found] == [("A",), ("B",), ("C",), ("D",), ("E",), ("F",)]
    assert [each[1] for each in found] == [Standing.REGISTERED] * 5 + [Standing.STALE]


def test_next_years_register_keeps_the_words_and_holds_the_new_values():
    kept = figure("S01", "there were 329 children on a child protection plan", "341")
    assert standings("There were 341 children on a child protection plan.", kept)[0][1] is Standing.REGISTERED
    assert standings("There were 329 children on a child protection plan.", kept)[0][1] is Standing.STALE
    blank = figure("S01", "there were 329 children on a child protection plan", "")
    assert standings("There were 341 children on a child protection plan.", blank)[0][1] is Standing.AWAITED


def test_shares_frequencies_changes_and_dates_are_held_as_the_register_has_them():
    register = [
        figure("N01", "neglect was the category for half of all children", "50", Comparator.HALF, "%"),
        figure("H01", "provides a quarterly update", "quarter", Comparator.EVERY),
        figure("K01", "a 10% reduction in offences", "-10", Comparator.PERCENT_CHANGE, "%"),
        figure("Q02", "the report was published on 7th September 2018", "2018-09-07", Comparator.ON),
        figure("Q03", "the majority of the recommendations", ">50%", Comparator.MAJORITY, "%"),
    ]
    text = (
        "Neglect was the category for half of all children. It provides a quarterly update. There was a 10% reduction "
        "in offences. The report was published on 7 September 2018. It is the majority of the recommendations."
    )
    assert [each[1] for each in standings(text, *register)] == [Standing.REGISTERED] * 5
    changed = text.replace("half", "a third").replace("quarterly", "monthly").replace("7 September", "9 September")
    found = standings(changed, *register)
    assert [each[1] for each in found if each[0] in ("monthly", "9 September 2018")] == [Standing.STALE] * 2


def test_a_number_that_must_never_be_published_is_named_without_its_value():
    secret = figure("Q07", "a review of 2 young people began", "2", publish="never")
    found = proof(lines("In May a review of 2 young people began."), [secret], YEAR)
    assert [each.standing for each in found.of(Standing.WITHHELD)] == [Standing.WITHHELD]
    other = proof(lines("In May a review of 3 young people began."), [secret], YEAR)
    assert "2" not in other.numbers[-1].reason


def test_contents_page_numbers_and_numbering_are_passed_over_and_counted():
    text = (
        "Contents\n\n1. The Board..... 3\n1.1 Partners..... 4\n2. Training..... 7\n\nPage 2 of 20\n\n1. The Board\n\n"
        "1.1 Our Partners\n\n1.2 children were seen in 3 schools"
    )
    found = proof(lines(text), [SESSIONS], YEAR)
    assert found.passed_over == {"in the table of contents": 6, "a page number": 2, "numbers a heading or a list": 2}
    assert [each.number.text for each in found.of(Standing.UNREGISTERED)] == ["1.2", "3"]


def test_a_table_of_counts_that_happens_to_ascend_is_no_table_of_contents():
    text = "Category\tPlans\nPhysical\t10\nEmotional\t12\nNeglect\t15"
    assert [each[1] for each in standings(text, SESSIONS)] == [Standing.UNREGISTERED] * 3


def test_the_reports_own_year_claims_nothing_and_another_year_does():
    text = "Over 2018/19 we did well. We will report in 2020/21. As we move into 2019/20 we go on."
    assert [each[1] for each in standings(text, SESSIONS)] == [
        Standing.PASSED_OVER,
        Standing.UNREGISTERED,
        Standing.PASSED_OVER,
    ]


def test_financial_years_in_several_styles_are_named_and_a_span_is_none():
    text = "Over 2018/19 and 2019/20, in 2018-19 and in 2018-2019. The Plan 2018/20 stands."
    found = proof(lines(text), [SESSIONS], YEAR)
    assert [(each.style, each.count) for each in found.years] == [("2018/19", 2), ("2018-19", 1), ("2018-2019", 1)]
    assert [each.number.text for each in found.spans] == ["2018/20"]


def test_a_board_named_for_another_is_seen_but_not_where_both_are_meant():
    text = (
        "1. Training\n\nThe SSCB trained people. The SSCB met. The SSCB wrote.\n\nWhilst the SSAB prides itself on it, "
        "few came.\n\nIt was joint with SSAB.\n\nThe SSCB and SSAB agreed."
    )
    found = proof(lines(text), [SESSIONS], YEAR).names
    assert [(each.name, each.meant, each.place) for each in found] == [("SSAB", "SSCB", "line 5")]


def test_abbreviations_that_the_draft_defines_are_names_of_their_own():
    text = "CSE is harm. CSE is hidden. CSE grows. Child Criminal Exploitation (CCE) is harm too."
    assert proof(lines(text), [figure("X", "nothing")], YEAR).names == ()


def test_a_name_spelled_in_two_ways_is_named_once_for_each_odd_one():
    text = (
        "The Anytown Safeguarding Children Board met. The Anytown Safeguarding Children Board wrote. "
        "The Anytown Safeguarding Children's Board spoke."
    )
    (drift,) = proof(lines(text), [SESSIONS], YEAR).names
    assert drift.name.endswith("Children's Board")


def test_registered_statements_that_the_draft_has_lost_are_named():
    assert proof(lines("There is 1 thing."), [SESSIONS, PLANS], YEAR).absent == ("T01", "S01")
