"""The workbooks in LibreOffice: each opens, keeps every cell and chart, and prints as wide as its paper."""

import re
import subprocess
import zipfile

import pytest
from openpyxl import load_workbook

BOOKS = ("report.xlsx", "report-faults.xlsx", "reconcile-faults.xlsx", "summary.xlsx", "ledger.xlsx")


def converted(office, path, to, folder):
    done = subprocess.run(
        [office, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", to,
         "--outdir", folder, path],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    result = folder / f"{path.stem}.{to}"
    assert result.exists(), done.stderr
    return result


@pytest.mark.parametrize("name", BOOKS)
def test_libreoffice_opens_it_and_finds_every_cell_as_it_was_written(office, results, tmp_path, name):
    written, seen = results(name), converted(office, results(name), "xlsx", tmp_path)
    before, after = load_workbook(written, data_only=True), load_workbook(seen, data_only=True)
    assert after.sheetnames == before.sheetnames
    for sheet in before:
        for row in sheet.iter_rows():
            for cell in row:
                shown = after[sheet.title][cell.coordinate].value
                assert not (isinstance(shown, str) and re.fullmatch(r"#(REF|NAME|VALUE|N/A|DIV/0)[!?]?", shown))
                if isinstance(cell.value, float):
                    assert shown == pytest.approx(cell.value, rel=1e-12)
                else:
                    assert shown == cell.value, (sheet.title, cell.coordinate)


def test_the_charts_are_native_and_libreoffice_keeps_them(office, results, tmp_path):
    def charts(path):
        return sum(bool(re.fullmatch(r"xl/charts/chart\d+\.xml", part)) for part in zipfile.ZipFile(path).namelist())

    written = results("report.xlsx")
    assert charts(written) == 3
    assert charts(converted(office, written, "xlsx", tmp_path)) == 3


def test_every_sheet_is_printed_as_wide_as_its_paper(office, results, tmp_path):
    paper = converted(office, results("report.xlsx"), "pdf", tmp_path).read_bytes()
    sizes = {
        tuple(round(float(n)) for n in each) for each in re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", paper)
    }
    assert sizes <= {(842, 595), (1191, 842)}
    assert sizes
