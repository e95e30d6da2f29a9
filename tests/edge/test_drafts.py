"""Drafts of three formats read in order with their places; hostile ones refused in a sentence."""

import contextlib
import io
import zipfile

import pytest

from sscbtool.core.model import Limits
from sscbtool.core.proof import Role
from sscbtool.edge.drafts import read_draft
from sscbtool.errors import InputRefused

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)


def docx(body, **parts):
    xml = f'<?xml version="1.0"?><w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return packed({"[Content_Types].xml": TYPES, "word/document.xml": xml, **parts})


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


def paragraph(text, style=""):
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def read(data, suffix=".docx"):
    return read_draft(data, suffix, Limits())[1]


def test_paragraphs_headings_contents_and_table_rows_come_in_order_with_their_places():
    table = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>"
        for row in (("Contribution", "Total"), ("SLAM", "£5,000"))
    )
    found = read(
        docx(
            paragraph("Training\t3", "TOC1")
            + paragraph("2.4 Money", "Heading2")
            + f"<w:tbl>{table}</w:tbl>"
            + paragraph("It was received.")
        )
    )
    assert [(each.text, each.place, each.role) for each in found] == [
        ("Training\t3", "paragraph 1", Role.CONTENTS),
        ("2.4 Money", "paragraph 2", Role.HEADING),
        ("Contribution\tTotal", "table 1, row 1", Role.ROW),
        ("SLAM\t£5,000", "table 1, row 2", Role.ROW),
        ("It was received.", "paragraph 3", Role.BODY),
    ]


def test_a_table_within_a_table_is_read_once():
    inner = f"<w:tbl><w:tr><w:tc>{paragraph('inner 7')}</w:tc></w:tr></w:tbl>"
    found = read(docx(f"<w:tbl><w:tr><w:tc>{paragraph('outer 3')}{inner}</w:tc></w:tr></w:tbl>"))
    assert [each.text for each in found] == ["outer 3", "inner 7"]


def test_a_number_split_over_runs_is_one_and_marks_between_are_kept_or_dropped_as_word_shows_them():
    runs = (
        "<w:p><w:r><w:t>32</w:t></w:r><w:r><w:t>9</w:t><w:softHyphen/><w:t> child</w:t><w:noBreakHyphen/></w:r></w:p>"
    )
    assert read(docx(runs))[0].text == "329 child-"


def test_what_was_struck_out_or_hidden_or_is_a_field_s_instruction_is_not_the_drafts_text():
    body = (
        "<w:p><w:del><w:r><w:delText>100</w:delText></w:r></w:del><w:ins><w:r><w:t>101</w:t></w:r></w:ins>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>102</w:t></w:r><w:r><w:instrText>PAGE 103</w:instrText></w:r></w:p>"
    )
    assert read(docx(body))[0].text == "101"


def test_pages_are_counted_where_word_noted_their_breaks():
    broken = "<w:p><w:r><w:t>one </w:t><w:lastRenderedPageBreak/><w:t>goes on</w:t></w:r></w:p>"
    found = read(docx(paragraph("first") + broken + paragraph("last")))
    assert [each.page for each in found] == [1, 1, 2]


def test_footnotes_are_read_and_their_separators_are_not():
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:type="separator" w:id="0">{paragraph("x")}</w:footnote>'
        f'<w:footnote w:id="2">{paragraph("Of 12 asked.")}</w:footnote></w:footnotes>'
    )
    found = read(docx(paragraph("Text"), **{"word/footnotes.xml": notes}))
    assert [(each.text, each.place) for each in found] == [("Text", "paragraph 1"), ("Of 12 asked.", "footnote 2")]


def test_a_text_box_is_read_once_though_word_writes_it_twice():
    box = f"<w:txbxContent>{paragraph('boxed 5')}</w:txbxContent>"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    choices = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    twice = f'<mc:AlternateContent xmlns:mc="{mc}">{choices}</mc:AlternateContent>'
    found = read(docx(f"<w:p><w:r><w:t>beside</w:t>{twice}</w:r></w:p>"))
    assert [each.text for each in found] == ["beside", "boxed 5"]


def test_markdown_is_read_without_its_marks():
    text = "# 2 Money\n\nWe had **45** [sessions](https://x.org/99).\n\n| a | b |\n|---|---|\n| SLAM | £5,000 |\n"
    text += "\n```\n77\n```\n"
    found = read(text.encode(), ".md")
    assert [(each.text, each.place, each.role) for each in found] == [
        ("2 Money", "line 1", Role.HEADING),
        ("We had 45 sessions.", "line 3", Role.BODY),
        ("a\tb", "line 5", Role.ROW),
        ("SLAM\t£5,000", "line 7", Role.ROW),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_plain_text_is_read_in_any_encoding_that_word_saves(encoding):
    assert read("It cost £500.\n".encode(encoding), ".txt")[0].text == "It cost £500."


def test_a_form_feed_begins_a_page():
    assert [each.page for each in read(b"one\n\ftwo\nthree\f\nfour", ".txt")] == [1, 2, 2, 3]


DTD = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><w:document xmlns:w="' + W + '"><w:body/></w:document>'
DEEP = "<w:sdt>" * 240 + "</w:sdt>" * 240


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "older format"),
        (b"PK\x03\x04 cut off", "damaged"),
        (b"\x00\x01\x02", "neither"),
        (packed({"a.txt": "x"}), "no Word document"),
        (docx("", **{"word/Document.xml": "<x/>"}), "two of one name"),
        (docx("", **{"../outside.xml": "<x/>"}), "outside of it"),
        (packed({"[Content_Types].xml": TYPES, "word/document.xml": DTD}), "document type"),
        (packed({"[Content_Types].xml": TYPES, "word/document.xml": "<w:document"}), "damaged"),
        (docx("<w:p/>" + " " * (20 << 20)), "unpacks to more"),
        (docx(DEEP), "nested deeper"),
        (b"word " * 300_000, "more text than a report"),
        (b"1\n" * 60_000, "more text than a report"),
    ],
)
def test_what_is_no_draft_is_refused_by_what_it_is(data, says):
    with pytest.raises(InputRefused, match=says):
        read(data, ".txt")


def test_a_draft_damaged_anywhere_is_read_or_refused_and_nothing_else():
    sound = docx(paragraph("There were 329 children.") * 3)
    for at in range(0, len(sound), 7):
        for change in (0x00, 0xFF, sound[at] ^ 0x10):
            damaged = sound[:at] + bytes([change]) + sound[at + 1 :]
            with contextlib.suppress(InputRefused):
                assert len(read(damaged)) <= 3
