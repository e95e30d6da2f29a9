"""Partner text that leaves the tool: nothing in it steers a terminal, hides, or runs."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sscbtool.core.neutral import inert, printable

STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("London Borough", "London Borough"),
        ("", ""),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x9b31m", r"\x9b31m"),
        ("gpj.\u202etxt", r"gpj.\u202etxt"),
        ("St\u200bThomas", r"St\u200bThomas"),
        ("soft\u00adhyphen", r"soft\xadhyphen"),
        ("\ufeffName", r"\ufeffName"),
        ("half \ud800", r"half \ud800"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("two\u2028lines", r"two\u2028lines"),
        ("blank\u3164name", r"blank\u3164name"),
        ("Guy’s – £5 é 中文 नमस्ते", "Guy’s – £5 é 中文 नमस्ते"),
        ("[red]markup[/red]", "[red]markup[/red]"),
    ],
)
def test_what_steers_or_hides_is_spelled_out_and_the_rest_is_left_alone(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_no_steering_character_of_unicode_gets_through() -> None:
    shown = printable("".join(map(chr, range(sys.maxunicode + 1))))
    assert {unicodedata.category(c) for c in set(shown)} & STEERING == set()


def test_every_visible_character_gets_through() -> None:
    letters = "".join(
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Lu", "Ll", "Nd", "Po", "Sc", "Sm"}
    )
    assert printable(letters) == letters


@given(st.text(st.characters(), max_size=40))
def test_what_was_made_printable_encodes_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert printable(shown) == shown
    assert len(shown.splitlines()) <= 1


@given(st.text(st.characters(), max_size=40), st.integers(0, 20))
def test_a_limit_is_kept_and_a_cut_is_seen(text: str, limit: int) -> None:
    whole, cut = printable(text), printable(text, limit)
    assert len(cut) <= limit
    assert cut == whole if len(whole) <= limit else cut == whole[: max(limit - 1, 0)] + "…"[:limit]


def test_a_huge_cell_is_looked_at_no_further_than_shown() -> None:
    assert printable("\x1b" * 10_000_000, 5) == "\\x1b…"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\tx",
        " =1+1",
        "\u00a0=1+1",
        "\u200b=1+1",
        "\ufeff=cmd|' /C calc'!A0",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "−1",
        "\x00=1",
        "\ud800=1",
    ],
)
def test_what_a_spreadsheet_could_run_is_disarmed(text: str) -> None:
    assert inert(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Guy's", "1+1=2", "a=b", "'=1+1", "£5", "(5)", "e-mail", "5%", "[x]", " plain"])
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert inert(text) == text


@given(st.text(st.characters(), max_size=40))
def test_inert_text_never_starts_like_a_formula_and_stays_as_it_is(text: str) -> None:
    safe = inert(text)
    assert safe.strip()[:1] not in tuple("=+-@＝＋－＠")
    assert inert(safe) == safe
    assert {unicodedata.category(c) for c in safe} & STEERING == set()
