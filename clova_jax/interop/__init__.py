"""Reads and writes GPT-2-architecture directories of Hugging Face, and runs lm-evaluation-harness."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chat_templates": ["as_jinja"],
        "lm_eval_model": ["ClovaLM"],
        "hub": ["Source", "find_source", "import_model", "model_folder"],
        "hugging_face": ["from_hugging_face", "to_hugging_face"],
        "model_card": ["model_card"],
    },
)
