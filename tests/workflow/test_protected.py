"""A workbook under a password is marked with the password that was typed once, and leaves under the same."""

import datetime as dt
import io

import openpyxl
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from sscbtool.core.model import Outcome
from sscbtool.workflow import commands
from sscbtool.workflow.annotating import annotate
from sscbtool.workflow.receiving import Request


def test_a_protected_workbook_comes_back_marked_under_the_password_that_was_typed_once(tmp_path):
    book, sent, copy = openpyxl.Workbook(), io.BytesIO(), tmp_path / "out.xlsx"
    for row in (["Organisation", "Amount"], ["London Fire Brigade", 500], ["SLAM", "five hundred"]):
        book.active.append(row)
    book.save(sent)
    path = tmp_path / "sent.xlsx"
    path.write_bytes(ECMA376Agile.encrypt("Secret1", io.BytesIO(sent.getvalue()), spin_count=1000))
    before, typed = path.read_bytes(), []

    def ask(name):
        typed.append(name)
        return "Secret1"

    now = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
    request = Request(
        paths=(str(path),), period="2018-19", today=now.date(), now=now, by="ines", target=str(copy), ask_password=ask
    )
    result = annotate(request)
    assert result.outcome is Outcome.FINDINGS
    assert typed == [str(path)]
    assert path.read_bytes() == before
    opened, locked = io.BytesIO(), OOXMLFile(io.BytesIO(copy.read_bytes()))
    locked.load_key(password="Secret1", verify_password=True)
    locked.decrypt(opened, verify_integrity=True)
    sheet = openpyxl.load_workbook(opened)["Sheet"]
    assert sheet["B3"].border.left.style == "thick"
    again = commands.validate(Request(paths=(str(copy),), period="2018-19", today=now.date(), now=now, by="ines"))
    assert again.files[0].refused
