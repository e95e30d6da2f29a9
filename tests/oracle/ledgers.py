"""Ledgers made up from a seed, with what is true of each: which class each organisation's line must come to, and why.

Knows nothing of how the program decides. Each organisation lives through one story; its invoices and receipts follow
from the story, and noise lies over all of it: references written in any way or left off, names in words, reversals,
amounts in instalments, foreign lines.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

YEAR = dt.date(2018, 4, 1)
END = dt.date(2019, 3, 31)
OWN = "COUNCIL"
STORIES = (
    "settled", "not_invoiced", "unpaid", "short_paid", "over_paid", "duplicate", "wrong_fund", "prior_year",
    "prior_year_early", "cut_off", "sign_error", "own_authority_journal", "credit_note_unmatched", "transposed",
    "reversed", "repaid", "split", "together", "many_to_many", "late_debt", "reraised", "misspelt", "two_boards",
    "late_instalment_and_duplicate",
)  # fmt: skip
CLASS_OF = {
    "prior_year_early": "prior_year", "transposed": "short_paid", "reversed": "unpaid", "repaid": "settled",
    "split": "settled", "together": "settled", "many_to_many": "settled", "late_debt": "prior_year",
    "reraised": "settled", "misspelt": "settled", "two_boards": "settled", "late_instalment_and_duplicate": "settled",
}  # fmt: skip


@dataclass
class Made:
    """A ledger and the truth about it."""

    agreed: dict[str, int] = field(default_factory=dict)
    invoices: list[dict] | None = None
    lines: list[dict] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    stray: dict[str, str] = field(default_factory=dict)
    """Document -> class, of lines that no agreement identifies."""


class _Maker:
    def __init__(self, seed: int, most_lines: int) -> None:
        self.chance = random.Random(seed)
        self.made = Made(invoices=[] if self.chance.random() < 0.7 else None)
        self.most_lines = self.chance.randrange(20, most_lines + 1)
        self.document = 1_400_000_000

    def ledger(self) -> Made:
        chance = self.chance
        organisations = chance.randrange(4, 45)
        longest = max(1, self.most_lines // organisations)
        for number in range(organisations):
            story = chance.choice(STORIES)
            if story == "own_authority_journal" and OWN in self.made.agreed:
                story = "settled"
            if story == "not_invoiced" and self.made.invoices is None:
                story = "unpaid"
            self.organisation(number, story, longest)
        filled = chance.random() < 0.3
        while len(self.made.lines) < self.most_lines and (filled or chance.random() < 0.9):
            self.stranger()
        chance.shuffle(self.made.lines)
        if self.made.invoices:
            chance.shuffle(self.made.invoices)
        return self.made

    def organisation(self, number: int, story: str, longest: int) -> None:
        """One organisation's year."""
        chance, made = self.chance, self.made
        code = OWN if story == "own_authority_journal" else f"ORG{number:03d}"
        made.names |= {code.lower(): code, f"partner {number:03d} nhs trust": code}
        pounds = chance.randrange(1_000, 9_000_000)
        agreed = pounds * 100 + (chance.randrange(100) if chance.random() < 0.3 else 0)
        made.agreed[code] = agreed
        made.verdicts[code] = CLASS_OF.get(story, story)
        parts = self.instalments(agreed, 1 if chance.random() < 0.4 else chance.randrange(1, min(longest, 60) + 1))
        if made.invoices is not None and story not in ("not_invoiced", "own_authority_journal"):
            self.raise_invoices(code, agreed, parts)
        tell = getattr(self, f"tell_{story}", self.tell_settled)
        tell(code, parts)
        of_year = (line for line in made.lines if line["org_truth"] == code and YEAR <= self.day_of(line) <= END)
        made.received[code] = sum(line["p"] for line in of_year if line.get("fund", "") in ("", "SSCB"))

    def day_of(self, line: dict) -> dt.date:
        return dt.date.fromisoformat(line["day"])

    def instalments(self, amount: int, count: int) -> list[int]:
        """Positive parts of an amount: equal but for the last, or all different."""
        if count < 2 or amount < count * 200:
            return [amount]
        if self.chance.random() < 0.5:
            each = amount // count
            return [each] * (count - 1) + [amount - each * (count - 1)]
        cuts = sorted(self.chance.sample(range(1, amount), count - 1))
        return [b - a for a, b in zip([0, *cuts], [*cuts, amount], strict=True)]

    def raise_invoices(self, code: str, agreed: int, parts: list[int]) -> None:
        """One invoice for all, or one for each instalment."""
        self.each = self.chance.random() < 0.6
        for n, pence in enumerate(parts if self.each else [agreed]):
            number = f"INV-{code}-{n:03d}"
            raised = YEAR + dt.timedelta(days=self.chance.randrange(0, 200))
            due = raised + dt.timedelta(days=30)
            self.made.invoices.append(
                {"no": number, "org": code, "p": pence, "raised": str(raised), "due": str(due), "year": 2018}
            )

    def reference(self, code: str, n: int) -> str:
        """The invoice's number as somebody typed it, or something else, or nothing."""
        number = f"INV-{code}-{n if self.made.invoices and self.each else 0:03d}"
        forms = (number, number.lower(), number.replace("-", ""), number.replace("-", " "), f"{number} ", "")
        return self.chance.choice(forms) if self.made.invoices is not None else self.chance.choice(("", "BACS"))

    def receipt(self, code: str, pence: int, n: int = 0, day: dt.date | None = None, **more: object) -> dict:
        """A ledger line of the organisation, identified in one of three ways."""
        self.document += 1
        day = day or YEAR + dt.timedelta(days=self.chance.randrange(0, 365))
        line = {"p": pence, "doc": str(self.document), "day": str(day), "org_truth": code, "text": "", "org": code}
        line["ref"] = self.reference(code, n)
        if code != OWN and self.chance.random() < 0.3:
            name = f"Partner {code[3:]} NHS Trust"
            line |= {"org": "", "text": self.chance.choice((f"{name} contribution", name.upper(), f"re: {name}, sscb"))}
        line |= more
        self.made.lines.append(line)
        return line

    def tell_settled(self, code: str, parts: list[int]) -> None:
        for n, pence in enumerate(parts):
            self.receipt(code, pence, n)

    def tell_not_invoiced(self, code: str, parts: list[int]) -> None:
        pass

    def tell_unpaid(self, code: str, parts: list[int]) -> None:
        pass

    def tell_short_paid(self, code: str, parts: list[int]) -> None:
        self.tell_settled(code, parts)
        line = self.made.lines[-1]
        line["p"] -= self.chance.randrange(1, max(2, line["p"] // 2)) or 1

    def tell_over_paid(self, code: str, parts: list[int]) -> None:
        self.tell_settled(code, parts)
        self.made.lines[-1]["p"] += self.made.agreed[code] * 3 + 7

    def tell_transposed(self, code: str, parts: list[int]) -> None:
        """Two neighbouring digits of one receipt change places, downwards."""
        digits = str(self.made.agreed[code])
        for i in range(len(digits) - 1):
            if digits[i] > digits[i + 1] and (i or digits[i + 1] != "0"):
                wrong = int(digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :])
                self.receipt(code, wrong)
                self.made.hints[code] = "transposed"
                return
        self.made.verdicts[code] = "settled"
        self.tell_settled(code, parts)

    def tell_duplicate(self, code: str, parts: list[int]) -> None:
        self.tell_settled(code, parts)
        n = self.chance.randrange(len(parts))
        self.receipt(code, parts[n], n)

    def tell_wrong_fund(self, code: str, parts: list[int]) -> None:
        if self.chance.random() < 0.5:
            self.receipt(code, sum(parts), fund="SSAB")
            return
        for n, pence in enumerate(parts):
            self.receipt(code, pence, n)
        self.receipt(code, self.chance.randrange(100, 10**7), ref="", org=code, text="Extended learning review grant")

    def tell_prior_year(self, code: str, parts: list[int]) -> None:
        self.tell_settled(code, parts)
        text = self.chance.choice(("2017-18 contribution", "Q4 17/18", "arrears 2017/2018"))
        self.receipt(code, self.chance.randrange(100, 10**7), ref="", org=code, text=text)

    def tell_prior_year_early(self, code: str, parts: list[int]) -> None:
        self.receipt(code, sum(parts), day=YEAR - dt.timedelta(days=self.chance.randrange(1, 60)))

    def tell_cut_off(self, code: str, parts: list[int]) -> None:
        late = self.chance.randrange(len(parts))
        for n, pence in enumerate(parts):
            day = END + dt.timedelta(days=self.chance.randrange(1, 40)) if n >= late else None
            self.receipt(code, pence, n, day=day)

    def tell_sign_error(self, code: str, parts: list[int]) -> None:
        self.tell_settled(code, parts)
        line = self.chance.choice([each for each in self.made.lines if each["org_truth"] == code])
        line["p"] = -line["p"]
        self.made.hints[code] = "twice a line"

    def tell_own_authority_journal(self, code: str, parts: list[int]) -> None:
        for n, pence in enumerate(parts):
            self.receipt(code, pence, n, journal=True, ref="")

    def tell_credit_note_unmatched(self, code: str, parts: list[int]) -> None:
        self.tell_settled(code, parts)
        self.receipt(code, -self.chance.randrange(1, sum(parts)), ref="", credit_note=True)

    def tell_reversed(self, code: str, parts: list[int]) -> None:
        """Paid in one and taken back: nothing came."""
        self.receipt(code, sum(parts), ref="R1", org=code)
        self.receipt(code, -sum(parts), ref="R1", org=code)

    def tell_repaid(self, code: str, parts: list[int]) -> None:
        """Paid twice over by mistake, and the second payment given back."""
        self.tell_settled(code, parts)
        self.receipt(code, parts[0], 0)
        self.receipt(code, -parts[0], 0)

    def tell_split(self, code: str, parts: list[int]) -> None:
        """Each receipt is half ours, half another fund's."""
        for n, pence in enumerate(parts):
            line = self.receipt(code, pence, n, fund="SSCB")
            self.made.lines.append({**line, "fund": "SSAB", "line": "2"})

    def tell_together(self, code: str, parts: list[int]) -> None:
        """One payment for everything that was invoiced."""
        self.receipt(code, sum(parts), ref="")

    def tell_many_to_many(self, code: str, parts: list[int]) -> None:
        """Paid in other parts than it was invoiced in."""
        whole = sum(parts)
        first = self.chance.randrange(1, whole)
        for pence in (first, whole - first):
            self.receipt(code, pence, ref="")

    def tell_late_debt(self, code: str, parts: list[int]) -> None:
        """Last year's invoice paid this year, known by its number alone."""
        self.tell_settled(code, parts)
        pence = self.chance.randrange(100, 10**7)
        if self.made.invoices is None:
            self.receipt(code, pence, ref="", org=code, text="balance of 2017-18")
            return
        raised = YEAR - dt.timedelta(days=self.chance.randrange(40, 300))
        number = f"INV-{code}-OLD7"
        self.made.invoices.append({"no": number, "org": code, "p": pence, "raised": str(raised), "year": 2017})
        self.receipt(code, pence, ref=number.lower())

    def tell_reraised(self, code: str, parts: list[int]) -> None:
        """An invoice raised twice, the second credited; or, without invoices, a payment bounced and sent again."""
        self.tell_settled(code, parts)
        if self.made.invoices is None:
            self.receipt(code, parts[0])
            self.receipt(code, -parts[0])
            return
        first = next(each for each in self.made.invoices if each["org"] == code)
        twice = {**first, "no": f"{first['no']}B"}
        back = {**first, "no": f"CN-{first['no']}", "p": -first["p"], "of": twice["no"].replace("-", " ")}
        self.made.invoices += [twice, back]

    def tell_misspelt(self, code: str, parts: list[int]) -> None:
        """The ledger's name for it is in no register; the invoice's number says whose the money is."""
        for n, pence in enumerate(parts):
            line = self.receipt(code, pence, n)
            if self.made.invoices is not None:
                number = f"INV-{code}-{n if self.each else 0:03d}"
                name = f"Partnr {code[3:]} NHS Trst"
                line |= {"org": name.lower(), "text": "", "ref": self.chance.choice((number, number.replace("-", " ")))}

    def tell_two_boards(self, code: str, parts: list[int]) -> None:
        """It pays another board too, coded there."""
        self.tell_settled(code, parts)
        self.receipt(code, self.chance.randrange(100, 10**7), ref="", org=code, text="", fund="SSAB")

    def tell_late_instalment_and_duplicate(self, code: str, parts: list[int]) -> None:
        """The first receipt posted twice and once reversed, under a reference of its own."""
        self.tell_settled(code, parts)
        for pence in (parts[0], -parts[0]):
            self.receipt(code, pence, ref="REV 77", org=code, text="")

    def stranger(self) -> None:
        """A receipt of somebody who agreed to nothing."""
        chance = self.chance
        pence = chance.randrange(100, 10**8)
        kind = chance.choice(("unexpected",) * 6 + ("prior_year", "wrong_fund", "credit_note_unmatched", "journal"))
        if kind == "prior_year":
            more = {"text": chance.choice(("2017-18 levy", "for FY 2017/2018", "Q4 17/18"))}
        elif kind == "wrong_fund":
            more = {"text": chance.choice(("Troubled families grant", "GRANT Q2", "Home Office grants"))}
        elif kind == "credit_note_unmatched":
            pence, more = -pence, {"text": "credit", "credit_note": True}
        elif kind == "journal" and OWN not in self.made.agreed:
            kind, more = "own_authority_journal", {"org": OWN, "journal": True}
            self.made.names[OWN.lower()] = OWN
        else:
            kind, more = "unexpected", {"text": "Sundry receipt"}
        line = self.receipt("", pence, **{"ref": "", "org": "", **more})
        self.made.stray[line["doc"]] = kind


def make(seed: int, most_lines: int = 2_000) -> Made:
    """The ledger of a seed, of at most about ``most_lines`` lines."""
    return _Maker(seed, most_lines).ledger()
