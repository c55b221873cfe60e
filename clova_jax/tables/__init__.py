"""Turns runs into tables: `Table` and its one runner, shared options, cells, figures.

An experiment takes everything from here (docs/how-to/table.md). A name loads when it is first used: an experiment uses
those that need JAX or matplotlib inside its functions only, so that its `--help` comes at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "corpora",
        "filters",
        "intent_cells",
        "intent_notes",
        "intents",
        "null_queries",
        "open_qa",
        "query_sets",
        "scaling",
        "token_study",
        "tokenizer_measures",
        "tokenizer_models",
        "tokenizer_questions",
        "tokenizers",
        "trainings",
    ],
    submod_attrs={
        "adapted": ["adapted_models"],
        "carried": ["Carried"],
        "cells": ["FewShot", "Kept", "Prompted", "ShownPrompt", "Tuned", "few_shot_notes"],
        "figures": ["draw_bars", "draw_baseline", "draw_lines", "legend", "panels"],
        "grids": ["find_grid", "grid_trainings", "train_grid"],
        "made": ["make_model", "sample_run"],
        "methods": ["method_cells", "method_notes"],
        "model_card": ["write_model_card"],
        "models": ["find_models"],
        "options": [
            "DataOptions",
            "ENCODERS",
            "GridOptions",
            "Inputs",
            "METHODS",
            "MakingOptions",
            "MethodOptions",
            "ModelOptions",
            "OutOptions",
            "SourceOptions",
            "TuneOptions",
            "out_option",
        ],
        "real_model": ["make_real_model"],
        "recipes": ["make_cell"],
        "references": ["reference_notes"],
        "source_models": ["train_by_source"],
        "source_rows": ["source_cells", "source_notes", "draw_by_source", "write_by_source"],
        "sizes": [
            "Sized",
            "draw_emergence",
            "draw_shots",
            "length_note",
            "size_table",
            "write_gains",
            "write_size_table",
        ],
        "trained": ["Training", "train_for", "train_models"],
        "table": ["Cell", "Row", "Table", "TableRun"],
    },
)
