"""Holds what a lecture on the way to GPT shows, a small file each: recurrent networks first, then the other Transformers.

cell = LSTM(inputs=64, units=512, rngs=nnx.Rngs(0))
states, last = run_cell(cell, embeddings)

BERT, ViT and post-norm decoders are built of the decoder's own attention and blocks; the encoder-decoder, which an app needs
too, is in `clova_jax.model`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["maze", "tones"],
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
        "bert": ["Bert", "BertConfig", "bert_like"],
        "blocks": ["PostNormBlock", "PostNormConfig", "gradient_norms"],
        "classifier": ["Classifier", "train_classifier"],
        "pretrained": ["Pretrained", "text_vectors"],
        "recurrent_translator": [
            "RecurrentConfig",
            "pair_arrays",
            "translate",
            "translation_loss",
        ],
        "text": ["Texts", "frequency_loss", "held_out", "mask_tokens", "text_batch", "text_loss"],
        "training": ["Rows", "fit", "loss_and_gradient"],
        "vision": ["ViT", "ViTConfig", "classify", "cut_patches", "label_loss"],
        "weights": ["attention_weights"],
    },
)
