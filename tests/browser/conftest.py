"""What is needed to see results as people do: a browser and an office program, which the system installs.

Where one is missing the tests that need it are left out, and say what would bring it; where CI runs they fail.
"""

import importlib.util
import os
import shutil

import pytest
from tests.cli.conftest import ROOT, run

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
OFFICE = ("soffice", "libreoffice")


def program(names, package):
    """The path of the first of the programs that there is."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or left_out(f"no {names[0]} on this machine: on Debian, apt-get install {package}")


def left_out(reason):
    if os.environ.get("CI"):
        pytest.fail(f"CI must run this: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    if not importlib.util.find_spec("playwright") or not importlib.util.find_spec("axe_playwright_python"):
        left_out("playwright and axe are not installed: make browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program(CHROMIUM, "chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def office():
    return program(OFFICE, "libreoffice-calc")


def _written(folder, name, command, source, period="2018-19"):
    path = folder / name
    assert run(command, ROOT / "sample_data" / source, "--period", period, "--output", path, *_format(path)).code in (
        0,
        3,
    )
    return path


def _format(path):
    return ("--format", path.suffix[1:])


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """A file of each kind that is looked at, made once: its name -> its path."""
    folder = tmp_path_factory.mktemp("results")
    made = {}

    def result(name):
        if name not in made:
            source = "2018-19-with-faults" if "faults" in name else "2018-19"
            made[name] = _written(folder, name, name.split("-")[0].split(".")[0], source)
        return made[name]

    return result
