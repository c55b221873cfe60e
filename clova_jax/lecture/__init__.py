"""The Transformers of the lecture, on the decoder's own attention and blocks: BERT, ViT, post-norm, and what they learn from.

The encoder-decoder is in `clova_jax.model`, for an app needs it too.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["maze", "tones"],
    submod_attrs={
        "bert": ["Bert", "BertConfig", "bert_like"],
        "blocks": ["PostNormBlock", "PostNormConfig", "gradient_norms"],
        "classifier": ["Classifier", "train_classifier"],
        "text": ["Texts", "held_out", "mask_tokens", "text_batch", "text_loss"],
        "training": ["Rows", "fit", "loss_and_gradient"],
        "vision": ["ViT", "ViTConfig", "classify", "cut_patches", "label_loss"],
        "weights": ["attention_weights"],
    },
)
