"""Holds what a lecture on the way to GPT shows, a small file each: recurrent networks first.

cell = LSTM(inputs=64, units=512, rngs=nnx.Rngs(0))
states, last = run_cell(cell, embeddings)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "alphabet": ["Alphabet"],
        "character_decoder": ["CharacterConfig", "init_characters"],
        "character_states": ["count_bits", "free", "read_cells", "trace_cells"],
        "character_training": ["CharacterTraining", "train_characters", "validate"],
        "character_writing": ["write_texts"],
        "characters": ["CharacterModel"],
        "layers": ["layer_states"],
        "neuron": ["Regression", "Unit", "find_units", "fit_regression"],
        "recurrent": ["CELLS", "LSTM", "MultiplicativeLSTM", "run_cell"],
    },
)
