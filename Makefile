# Everything here works on a machine with Python 3.11+ and make; nothing else need be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check format docs wheel bench browser missing lock clean

demo: $(STAMP)  ## install what is needed and run the main job on the sample year
	$(BIN)/sscbtool reconcile sample_data/2018-19 --period 2018-19

test: $(STAMP)  ## install what is needed and pass the tests; says what was left out for want of a program
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

browser: $(STAMP)  ## install what drives a browser, for the tests that look at the page
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-browser.lock

missing:  ## name what the tests would leave out here, and what brings it; installs nothing
	@$(BIN)/python -c 'import playwright, axe_playwright_python' 2>/dev/null || echo "the page in a browser: make browser"
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
		|| echo "the page in a browser: a Chromium (on Debian, apt-get install chromium)"
	@command -v soffice || command -v libreoffice \
		|| echo "workbooks in LibreOffice: Calc (on Debian, apt-get install libreoffice-calc)"

check: $(STAMP)  ## lint, types, import contracts, docs up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make_reference.py --check

format: $(STAMP)  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP)  ## write docs/commands.md and docs/codes.md from the program
	$(BIN)/python docs/make_reference.py

wheel: $(STAMP)  ## build the wheel
	$(BIN)/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist .

lock:  ## pin every dependency anew, with hashes and without addresses (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
		--group dev pyproject.toml --output-file requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
		--group browser --constraint requirements.lock --output-file requirements-browser.lock

clean:
	rm -rf $(VENV) dist build

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip -q
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)
