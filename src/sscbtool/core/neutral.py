"""Partner text made harmless before it leaves the tool.

Whoever fills in a cell chooses its characters. Some of them steer a terminal, reverse the reading order, hide inside a
name or turn a cell into a formula. Nothing here judges the text or loses a character silently: what cannot be shown is
spelled out.
"""

from __future__ import annotations

import re

INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls, but for white space
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff"  # lone surrogates: half a character
)
"""The inside of a character class: what takes no ink or steers the text around it. White space is not among it."""

_BREAKS = "\t\n\x0b\x0c\r\x85\u2028\u2029"
_UNPRINTABLE = re.compile(f"[{INVISIBLE}{_BREAKS}]")
_LIVE = re.compile(rf"[\s{INVISIBLE}]*[=+\-@＝＋－＠﹢﹣﹦﹫−]|[{_BREAKS}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def _spelled_out(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str, limit: int | None = None) -> str:
    r"""``text`` on one line, each control, bidirectional or invisible character spelled out (``\x1b``, ``\u202e``).

    With ``limit`` the result has at most that many characters, the last a ``…`` if something was cut.
    """
    if limit is None:
        return _UNPRINTABLE.sub(_spelled_out, text)
    # One character more than fits tells whether something is cut; the rest of a huge cell is never looked at.
    shown = _UNPRINTABLE.sub(_spelled_out, text[: limit + 1])
    return shown if len(shown) <= limit else shown[: max(limit - 1, 0)] + "…"[:limit]


def inert(text: str) -> str:
    """``text`` made printable, and with an apostrophe before it if a spreadsheet could take it for a formula.

    For text in CSV and XLSX. White space and invisible characters before the sign do not disarm it in every program,
    so they do not count. Numbers that we write ourselves do not pass through here.
    """
    guard = "'" if _LIVE.match(text) else ""
    return guard + printable(text)
