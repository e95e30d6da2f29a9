"""Who there is: the organisations of the register, and the people whom they send."""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PUBLISHED = {"sessions": 45, "individuals": 340, "organisations": 81, "completions": 368}


@dataclass(frozen=True)
class Organisation:
    """One entry of the organisations register."""

    code: str
    name: str
    aliases: tuple[str, ...]


def register() -> dict[str, Organisation]:
    with (SCHEMAS / "organisations.csv").open(encoding="utf-8", newline="") as source:
        return {
            row["code"]: Organisation(
                row["code"], row["name"], tuple(a.strip() for a in row["aliases"].split(";") if a.strip())
            )
            for row in csv.DictReader(source)
        }


CONTRIBUTORS_WHO_ATTEND = {"LBS": 58, "SLAM": 15, "CCG": 12, "CAFCASS": 6, "LFB": 3}
INVENTED = re.compile(r"(PRI|SEC|SPE|EYS|VCS|HLT|FTH)\d\d")
STAYED_AWAY = {
    "no_show": ("PRI08", "VCS14"),
    "cancelled": ("EYS11",),
    "virtual": ("VCS10",),
    "other_year": ("FTH04",),
    "session_cancelled": ("HLT03",),
}
"""Organisations whose people are on the lists without ever attending a session that counts, by the reason why."""
ONLY_BY_WALKING_IN, ONLY_ON_THE_LAST_DAY, ONLY_BY_ALIAS = "SPE03", "EYS04", "VCS06"
ROLES = (
    "Designated Safeguarding Lead", "Deputy DSL", "Teacher", "Teaching Assistant", "Social Worker", "Early Help Worker",
    "Nursery Manager", "Room Leader", "Youth Worker", "School Nurse", "Health Visitor", "Practice Manager", "Volunteer",
    "Family Support Worker", "Trustee", "Housing Officer", "Learning Mentor", "Family Court Adviser", "Station Officer",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One who was on a list at least once; ``organisation`` is a code."""

    learner_id: str
    organisation: str
    role: str


def spelt(organisation: Organisation, rng: random.Random) -> str:
    """One of the names that people type for an organisation."""
    typed = rng.choice((organisation.name,) * 3 + organisation.aliases)
    if organisation.code == ONLY_BY_ALIAS:
        typed = organisation.aliases[0]
    style = rng.randrange(20)
    if style == 0:
        typed = typed.upper()
    elif style == 1:
        typed = typed.lower()
    elif style == 2:
        typed += " "
    elif style == 3:
        typed = typed.replace(" ", "  ", 1)
    elif style == 4:
        typed = typed.replace(" ", "\u00a0", 1)
    elif style in (5, 6):
        typed = typed.replace(" & ", " and ") if " & " in typed else typed.replace(" and ", " & ")
    return typed


def attenders(organisations: dict[str, Organisation], ids: Iterator[str], rng: random.Random) -> list[Person]:
    """340 people of 81 organisations, one at least from each."""
    absent = {code for codes in STAYED_AWAY.values() for code in codes}
    invented = [code for code in organisations if INVENTED.fullmatch(code) and code not in absent]
    sizes = Counter(CONTRIBUTORS_WHO_ATTEND) + Counter(dict.fromkeys(invented, 1))
    single = {ONLY_BY_WALKING_IN, ONLY_ON_THE_LAST_DAY, ONLY_BY_ALIAS}
    may_grow = [code for code in invented if code not in single]
    while sizes.total() < PUBLISHED["individuals"]:
        sizes[rng.choice(may_grow)] += 1
    assert len(sizes) == PUBLISHED["organisations"]
    return [Person(next(ids), code, rng.choice(ROLES)) for code, size in sorted(sizes.items()) for _ in range(size)]
