"""The same ledgers as files, in the ways that finance systems write them: the whole way from bytes to verdicts.

``SSCBTOOL_ORACLE=60`` and more runs as many seeds; by default a few do, one of each way of writing.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import random
from pathlib import Path

import pytest
from tests.oracle.ledgers import OWN, Made, make

from sscbtool.core.model import Outcome
from sscbtool.edge.settings import find_workspace
from sscbtool.workflow import commands
from sscbtool.workflow.layout import lay_out
from sscbtool.workflow.receiving import Request

SEEDS = max(5, int(os.environ.get("SSCBTOOL_ORACLE", "0")) // 10)
WAYS = ("signed", "trailing", "suffix", "indicator", "letter")


def money(pence: int) -> str:
    return f"{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def amount(pence: int, way: str) -> dict[str, str]:
    """A ledger's amount: income is a credit."""
    credit, digits = pence >= 0, money(pence)
    match way:
        case "signed":
            return {"Amount": f"-{digits}" if credit else digits}
        case "trailing":
            return {"Amount in LC": f"{digits}-" if credit else digits}
        case "suffix":
            return {"Amount": f"{digits} CR" if credit else f"{digits} DR"}
        case "letter":
            return {"Amount": f"{digits} H" if credit else f"{digits} S"}
        case _:
            return {"S/H": "H" if credit else "S", "Amount": digits}


def written(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def lay(made: Made, board: Path, way: str, chance: random.Random) -> None:
    """The ledger of a seed as the board's files."""
    list(lay_out(board, sample=False))
    registered = [{"code": code, "name": f"Partner {code[3:]} NHS Trust"} for code in sorted(made.agreed)]
    registered += [] if OWN in made.agreed else [{"code": OWN, "name": ""}]
    for each in registered:
        each |= {"name": "The Council"} if each["code"] == OWN else {}
        each |= dict.fromkeys(("scheme", "aliases", "sector", "statutory_partner", "valid_from", "valid_to"), "")
    (board / "schemas" / "organisations.csv").write_text(written(registered), encoding="utf-8")
    settings = f'period = "2018-19"\n[ledger]\nown_authority = "{OWN}"\n'
    (board / "sscbtool.toml").write_text(settings, encoding="utf-8")
    returns = board / "returns"
    agreed = [
        {"Organisation": code, "Agreed amount": money(pence), "Fund": "SSCB", "Financial year": "2018-19"}
        for code, pence in made.agreed.items()
    ]
    chance.shuffle(agreed)
    (returns / "agreed.csv").write_text(written(agreed), encoding="utf-8")
    if made.invoices is not None:
        invoices = [
            {"Invoice no": each["no"], "Organisation": each["org"],
             "Net": f"{'-' if each['p'] < 0 else ''}{money(each['p'])}",
             "Invoice date": f"{dt.date.fromisoformat(each['raised']):%d/%m/%Y}",
             "Financial year": "2017/18" if each["year"] == 2017 else "2018/19", "Credit note of": each.get("of", "")}
            for each in made.invoices
        ]  # fmt: skip
        head = ("Invoice no", "Organisation", "Net", "Invoice date", "Financial year", "Credit note of")
        (returns / "invoices.csv").write_text(written(invoices) if invoices else ",".join(head), encoding="utf-8")
    lines, splits = [], []
    parts: dict[str, list[dict]] = {}
    for each in made.lines:
        parts.setdefault(each["doc"], []).append(each)
    for doc, each in parts.items():
        first = each[0]
        kind = "SA" if first.get("journal") else "DG" if first.get("credit_note") else "DZ"
        day = f"{dt.date.fromisoformat(first['day']):%d.%m.%Y}"
        lines.append(
            {"CoCd": "1000", "Document No": doc, "Itm": "1", "Pstng Date": day, "Type": kind, "Customer": first["org"],
             "Reference": first["ref"], "Text": first["text"], **amount(sum(part["p"] for part in each), way)}
        )  # fmt: skip
        if any(part.get("fund") for part in each):
            splits += [
                {
                    "Doc no": doc,
                    "Line no": "1",
                    "Fund": part["fund"],
                    "Amount": f"{'-' * (part['p'] < 0)}{money(part['p'])}",
                }
                for part in each
            ]
    if splits:
        (returns / "splits.csv").write_text(written(splits), encoding="utf-8")
    if way == "trailing":
        (returns / "ledger.xls").write_text(written(lines, "\t"), encoding="utf-16", newline="")
    else:
        (returns / "ledger.csv").write_text(written(lines), encoding="utf-8", newline="")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_ledger_that_comes_as_files_comes_to_the_same(seed: int, tmp_path: Path):
    made = make(seed, 400)
    lay(made, tmp_path, WAYS[seed % len(WAYS)], random.Random(seed))
    settings = find_workspace(tmp_path, tmp_path)
    result = commands.ledger(
        Request(paths=(str(tmp_path / "returns"),), settings=settings, fund="SSCB", today=dt.date(2019, 6, 1))
    )
    told = result.extra["ledger"]
    assert {line["organisation"]: line["class"] for line in told["lines"]} == made.verdicts
    assert {x["organisation"]: x["received"] for x in told["lines"]} == {
        code: f"{'-' * (pence < 0)}{money(pence).replace(',', '')}" for code, pence in made.received.items()
    }
    assert {each["doc_no"]: each["class"] for each in told["unmatched"]} == made.stray
    assert told["residual"] == "0.00"
    assert (told["bridge"][0]["step"], told["bridge"][-1]["step"]) == ("agreed", "received")
    settled = all(line["class"] in ("settled", "own_authority_journal") for line in told["lines"])
    assert result.outcome is not Outcome.CLEAN or (settled and not made.stray)
