"""A short run over damaged files; the long one is ``python tests/fuzz/mutate.py --count 50000``."""

import subprocess
import sys
from pathlib import Path


def test_every_damaged_file_is_read_or_refused_and_nothing_else_happens():
    script = Path(__file__).with_name("mutate.py")
    done = subprocess.run([sys.executable, script, "--count", "300"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 damaged files" in done.stdout
    assert " read" in done.stdout.splitlines()[-1]
    assert " refused" in done.stdout.splitlines()[-1]
