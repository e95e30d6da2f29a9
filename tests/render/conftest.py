"""Rendering opens nothing: any test here whose code opens a file of its own fails. Expectations are read before."""

import builtins
import io
import os
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
REGENERATE = "SSCBTOOL_REGENERATE_GOLDEN"


@pytest.fixture
def golden():
    """Hold a text to ``golden/<name>``; written only with the variable set, and never where CI runs."""

    def hold(name, text):
        path = GOLDEN / name
        if os.environ.get(REGENERATE):
            assert not os.environ.get("CI"), "expectations are not made where they are held"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{name} is missing: look at the output, then run with {REGENERATE}=1"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs: if the new one is right, {REGENERATE}=1"

    return hold


@pytest.fixture
def no_files(monkeypatch):
    """Fail what opens a file, but for the libraries' own modules."""
    real_open = builtins.open

    def guarded(file, *args, **kwargs):
        if str(file).startswith((sys.prefix, sys.base_prefix)):
            return real_open(file, *args, **kwargs)
        raise AssertionError(f"rendering opened {file!r}")

    monkeypatch.setattr(builtins, "open", guarded)
    monkeypatch.setattr(io, "open", guarded)
