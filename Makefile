# Strangers judge the project by `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check format docs venv web web-check

venv: $(VENV)/.runtime

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	# Dependency groups need a pip that knows them.
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# The stamps make the second run start at once; they renew when the requirements change.
$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[render]'
	# pyrender pins a PyOpenGL that knows neither OSMesa contexts nor Python 3.13.
	$(BIN)/python -m pip install --quiet --no-deps PyOpenGL==3.1.10
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

demo: $(VENV)/.runtime
	$(BIN)/muslin demo

# Browser libraries of `muslin studio`, pinned by the lock; copied beside their licences, never committed.
STUDIO := muslin/studio
VENDOR := $(STUDIO)/static/vendor
web: $(VENDOR)/.stamp

$(VENDOR)/.stamp: $(STUDIO)/package.json $(STUDIO)/package-lock.json
	@command -v npm >/dev/null || { echo 'make web needs npm (Debian: apt-get install npm)' >&2; exit 1; }
	cd $(STUDIO) && npm ci --omit=dev --ignore-scripts --no-audit --no-fund
	mkdir -p $(VENDOR)
	cd $(STUDIO)/node_modules && cp three/build/three.module.js three/build/three.core.js \
	  three/examples/jsm/controls/OrbitControls.js uplot/dist/uPlot.esm.js uplot/dist/uPlot.min.css \
	  ../static/vendor/
	cp $(STUDIO)/node_modules/three/LICENSE $(VENDOR)/LICENSE-three.txt
	cp $(STUDIO)/node_modules/uplot/LICENSE $(VENDOR)/LICENSE-uPlot.txt
	touch $@

# Types of the page's own modules, from their JSDoc comments.
web-check:
	cd $(STUDIO) && npm ci --ignore-scripts --no-audit --no-fund
	cd $(STUDIO) && node_modules/.bin/tsc -p jsconfig.json

# Three for two cores, since many tests wait for a garment's own time; above eight they would only
# compile the same kernels again. A file of tests stays with one of them.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(8, max(2, (os.cpu_count() or 1) * 3 // 2)))')
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov --cov-report=term:skip-covered

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Guides, API, gallery and notebooks; examples and notebooks run again only when their text changed.
docs: $(VENV)/.dev
	$(BIN)/python -m sphinx -b html -W --keep-going docs docs/_build/html
	@echo 'open docs/_build/html/index.html'
