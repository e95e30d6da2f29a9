"""Blank forms for partners: one, or all that a partner is to send; a form once filled in is never written over."""

import json

import jsonschema
from openpyxl import load_workbook
from tests.cli.conftest import ROOT, run

SCHEMA = json.loads((ROOT / "src" / "sscbtool" / "render" / "result.schema.json").read_text(encoding="utf-8"))


def test_a_form_names_its_return_partner_and_period_and_is_not_written_over(tmp_path):
    ran = run("template", "contributions", "--partner", "Fire Brigade", "--period", "2018-19", cwd=tmp_path)
    assert ran.code == 2
    asked = ("template", "contributions", "--partner", "LFB", "--period", "2018-19", "--format", "json")
    ran = run(*asked, cwd=tmp_path)
    assert ran.code == 0
    jsonschema.validate(ran.json, SCHEMA)
    (file,) = ran.json["template"]["files"]
    assert file == {
        "return": "contributions",
        "partner": "LFB",
        "period": "2018-19",
        "path": "contributions LFB 2018-19.xlsx",
    }
    path = tmp_path / file["path"]
    book = load_workbook(path)
    assert book["Cover"]["B5"].value == "London Fire Brigade"
    assert run(*asked, cwd=tmp_path).code == 0
    book["Rows"]["A2"] = "LFB"
    book.save(path)
    before = path.read_bytes()
    ran = run(*asked, cwd=tmp_path)
    assert (ran.code, path.read_bytes()) == (2, before)
    assert "may be filled in" in ran.err


def test_all_of_a_partner_are_those_that_settings_expect_else_those_it_usually_sends(tmp_path):
    ran = run("template", "--all", "MPS", "--output", tmp_path / "set", "--format", "json", cwd=tmp_path)
    assert [each["return"] for each in ran.json["template"]["files"]] == ["knife_crime"]
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["knife_crime MPS.xlsx"]
    settings = '[[expected]]\npartner = "MPS"\nreturn = "section11"\nevery = "year"\ndue = 30\n'
    (tmp_path / "sscbtool.toml").write_text(settings, encoding="utf-8")
    ran = run("template", "--all", "MPS", "--output", tmp_path / "other", "--format", "json", cwd=tmp_path)
    assert [each["return"] for each in ran.json["template"]["files"]] == ["section11"]


def test_an_unknown_return_is_answered_with_those_that_there_are():
    ran = run("template", "contributons")
    assert ran.code == 2
    assert "contributions" in ran.err
