# Two commands for everybody: `make demo` and `make test`. Each makes .venv where it is not there.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow lint figures tuned pictures uncertainty bench docs clean

# LeNet-5 on handwritten digits: trained, tested, reported and exported in about half a minute.
demo: .venv/installed
	$(BIN)/kerasrecipes train lenet5_digits

# Files side by side: TensorFlow is loaded once a process, and fixtures are shared within a file.
test: .venv/installed-dev
	$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile

# What takes minutes for one test, beside the rest.
test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Every recipe on embedded data, three seeds each: docs/figures.json and README's table.
figures: .venv/installed-dev
	$(BIN)/python benchmarks/figures.py

# The pictures of docs/callbacks.md, docs/training.md and docs/regularization.md.
pictures: .venv/installed-dev
	$(BIN)/python benchmarks/callback_pictures.py
	$(BIN)/python benchmarks/decay_pictures.py

# The table of docs/uncertainty.md: thirty trainings, half an hour; broken off, it goes on.
uncertainty: .venv/installed-dev
	$(BIN)/python benchmarks/uncertainty_table.py

# What tuning brings: searches, and their winners with three seeds: docs/tuned.json.
tuned: .venv/installed-dev
	$(BIN)/python benchmarks/tuned_figures.py

# Ours, plain Keras and plain PyTorch in turn: docs/benchmark.md and its like.
bench: .venv/installed-bench
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/kinds_speed.py
	$(BIN)/python benchmarks/text_memory.py
	$(BIN)/python benchmarks/mc_dropout_speed.py
	$(BIN)/python benchmarks/callbacks_speed.py
	$(BIN)/python benchmarks/tuning_speed.py
	$(BIN)/python benchmarks/checkpoints_cost.py
	$(BIN)/python benchmarks/distributed_speed.py

# The pages of the recipe families, from the source and docs/figures.json.
docs: .venv/installed-dev
	$(BIN)/python benchmarks/docs_pages.py

clean:
	rm -rf .venv build *.egg-info

# Installed again only when what is to be installed has changed.
.venv/installed: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

.venv/installed-bench: .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench]"
	touch $@
