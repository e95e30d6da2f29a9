"""The id of a finding: the same over runs for as long as the fault stands, wherever the files are kept."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from sscbtool.core.model import Finding

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Without i, l, o and u, which are misread when typed back."""
_LENGTH = 8


def finding_ids(findings: Sequence[Finding]) -> tuple[str, ...]:
    """One id per finding, in their order, unique among them and independent of that order.

    An id follows from the rule, the column, the file's own name, the sheet and the cell: neither from the folder the
    file lies in nor from its other contents, so a fault keeps its id when the file is sent again unmended. Where that
    tells two findings not apart, as much of the folder as is needed counts too, and then the message.
    """
    depth = [1] * len(findings)
    deepest = max((_parts(f) for f in findings), default=1)
    for level in range(2, deepest + 2):
        clashing = _clashing(findings, depth)
        if not clashing:
            break
        for index in clashing:
            depth[index] = level
    ids = [short_id("F", _identity(finding, level)) for finding, level in zip(findings, depth, strict=True)]
    seen: Counter[str] = Counter()
    unique = []
    for identity in ids:
        seen[identity] += 1
        unique.append(identity if seen[identity] == 1 else f"{identity}-{seen[identity]}")
    return tuple(unique)


def identity_in_file(finding: Finding) -> str:
    """The id by rule, column, place and the file's own name alone; two files of one name may share it."""
    return short_id("F", _identity(finding, 1))


def _clashing(findings: Sequence[Finding], depth: Sequence[int]) -> list[int]:
    """The indices of findings that share an identity with another at the present depths."""
    groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        groups[_identity(finding, depth[index])].append(index)
    return [index for group in groups.values() if len(group) > 1 for index in group]


def _path(finding: Finding) -> list[str]:
    return (finding.place.file or "").replace("\\", "/").split("/")


def _parts(finding: Finding) -> int:
    return len(_path(finding))


def _identity(finding: Finding, depth: int) -> tuple[str, ...]:
    """What tells this finding from others: ``depth`` trailing parts of its path, and beyond those its message."""
    place, path = finding.place, _path(finding)
    key = (
        finding.code,
        finding.column or "",
        place.sheet or "",
        str(place.row or ""),
        str(place.column or ""),
        "/".join(path[-depth:]),
    )
    return (*key, finding.message) if depth > len(path) else key


def short_id(letter: str, parts: tuple[str, ...]) -> str:
    """An id that follows from ``parts`` alone: ``F-3k9x0a1b``."""
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    number = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    letters = ""
    for _ in range(_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[rest]
    return f"{letter}-{letters}"
