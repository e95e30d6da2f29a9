"""What one file may cost. Apart from the other values because settings are read before anything heavy is loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one file may cost before it is refused; the board's settings may change each."""

    file_bytes: int = 50 << 20
    """Size of a workbook file; CSV and TSV are bounded by the three limits for text instead."""
    part_bytes: int = 256 << 20
    """One inflated zip part."""
    inflated_bytes: int = 512 << 20
    """All parts of a workbook together."""
    ratio: int = 200
    """Inflated to packed, for parts of more than 1 MiB."""
    parts: int = 2_000
    sheets: int = 256
    cells: int = 20_000_000
    """Stored cells of a file."""
    seconds: float = 10.0
    """CPU and wall time, each, for one file."""
    memory_bytes: int = 1 << 30
    field_chars: int = 131_072
    """One field of a text file."""
    columns: int = 16_384
    """Fields of one record of a text file."""
