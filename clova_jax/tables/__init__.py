"""Turns runs into tables: `Table` and its one runner, shared options, cells, figures.

An experiment takes everything from here (docs/how-to/table.md). A name loads when it is first used: an experiment uses
those that need JAX or matplotlib inside its functions only, so that its `--help` comes at once.
"""

from clova_jax.common.lazy import lazy_names

__all__, __getattr__ = lazy_names(
    __name__,
    {
        "options": [
            *("DataOptions", "MakingOptions", "MethodOptions", "ModelOptions", "OutOptions"),
            *("TuneOptions", "ENCODERS", "METHODS", "Inputs", "out_option"),
        ],
        "table": ["Cell", "Row", "Table", "TableRun"],
        "cells": ["FewShot", "Kept", "Prompted", "ShownPrompt", "Tuned", "few_shot_notes"],
        "figures": ["draw_bars", "draw_baseline", "draw_lines", "legend", "panels"],
        "corpora": [],
        "filters": [],
        "made": ["make_model", "sample_run"],
        "methods": ["method_cells", "method_notes"],
        "models": ["find_models"],
        "recipes": ["make_cell"],
        "sizes": ["draw_emergence", "size_table", "write_size_table"],
        "token_study": [],
        "tokenizers": [],
        "trainings": [],
    },
)
