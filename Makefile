# make repro   the whole way on the sample company (or on your exports, see params.yaml)
# make test    all tests
# make lint    ruff and mypy
# make feature NAME=...   all checks of one feature
# make screenshots   the pictures in docs/screenshots (needs chromium)
# make spark   adds pyspark (needs Java 17), for engine.kind: spark and its tests
# Each sets up .venv first, from the hashes in requirements.lock; a second call finds it ready.

PYTHON ?= python3
UV := .venv/bin/uv
READY := .venv/ready
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro test feature screenshots lint spark lock dictionary clean

repro: $(READY)
	dvc repro
	@dealtriage show

test: $(READY)
	TZ=UTC .venv/bin/python -m pytest -n auto --dist loadgroup

feature: $(READY)
	@TZ=UTC .venv/bin/python -m pytest tests/spec tests/property tests/oracle -k "$(NAME)"; code=$$?; \
		if [ $$code = 5 ]; then echo "No feature is called $(NAME)."; fi; exit $$code

screenshots: $(READY)
	SCREENSHOTS=1 TZ=UTC .venv/bin/python -m pytest tests/browser -k screenshots

lint: $(READY)
	.venv/bin/ruff check .
	.venv/bin/mypy

spark: .venv/spark

lock: $(READY)
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		--group dev pyproject.toml --output-file requirements.lock
	echo 'pyspark>=4.0' | $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
		--constraints requirements.lock - --output-file requirements-spark.lock

dictionary: $(READY)
	.venv/bin/dealtriage dictionary

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode --requirements requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .
	@touch $(READY)

.venv/spark: $(READY) requirements-spark.lock
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode --requirements requirements-spark.lock
	@touch .venv/spark

clean:
	rm -rf .venv
