# make quickstart [DATA=DIR] [OUT=DIR] [EXTRAS=cuda13] · make real-model DATA=DIR [MINUTES=N] [OUT=DIR] · make test [SLOW=1] [PEERS=1] [ONLY=1] [ARGS=…] [EXTRAS=…] · make claims [GROUP=…] · make bench [DATA=DIR] [OUT=DIR] [ARGS=…] · make lint · make clean
PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3))
VENV ?= .venv
BIN := $(VENV)/bin
comma := ,
PRODUCT := $(VENV)/.installed-$(or $(EXTRAS),product)
TESTS := dev$(if $(EXTRAS),$(comma)$(EXTRAS))$(if $(PEERS),$(comma)peers)$(if $(filter services,$(CLAIMS)),$(comma)lm-eval$(comma)spark$(comma)browser)
MEASURED := $(VENV)/.installed-dev$(comma)peers$(comma)lm-eval
TESTED := $(VENV)/.installed-$(TESTS)
GROUPS := tables pythons compiled services
export PEERS SLOW ONLY CLAIMS

.PHONY: quickstart real-model test claims bench lint format clean

quickstart: $(PRODUCT)
	$(BIN)/python -m experiments.quickstart $(if $(DATA),--data $(DATA)) --out $(or $(OUT),runs/quickstart$(if $(DATA),-data))

real-model: $(PRODUCT)
	$(BIN)/python -m experiments.real_model $(if $(DATA),--data $(DATA)) $(if $(MINUTES),--minutes $(MINUTES)) --out $(or $(OUT),runs/real)

test: $(TESTED)
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

claims:
	for group in $(or $(GROUP),$(GROUPS)); do .ci/claims $$group || exit 1; done

bench: $(MEASURED)
	$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA)) $(if $(OUT),--out $(OUT)) $(ARGS)

lint: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(TESTED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.installed-%: setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".$(patsubst %,[%],$(filter-out product,$*))"
	touch $@

clean:
	rm -rf .venv .venv-* runs build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
