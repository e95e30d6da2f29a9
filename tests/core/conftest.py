"""The core calculates: no test here may let it open a file of its own."""

import builtins
import io
import sys

import pytest

NOT_OURS = (".hypothesis", "zoneinfo")
"""What libraries open by themselves, when first used: hypothesis its examples, pandas the time zones."""


@pytest.fixture(autouse=True)
def no_io(monkeypatch):
    """Fail any test in this folder whose code opens a file; libraries may still import their own modules."""
    real_open = builtins.open

    def guarded(file, *args, **kwargs):
        if str(file).startswith((sys.prefix, sys.base_prefix)) or any(part in str(file) for part in NOT_OURS):
            return real_open(file, *args, **kwargs)
        raise AssertionError(f"core code opened {file!r}")

    monkeypatch.setattr(builtins, "open", guarded)
    monkeypatch.setattr(io, "open", guarded)
