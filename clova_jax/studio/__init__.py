"""Serves a model over HTTP: OpenAI's completions, CLOVA Studio's, tuned prompts and input gradients."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "client": ["StudioClient"],
        "serving": ["Served", "serve"],
        "settings": ["Settings"],
        "store.records": ["Limits"],
        "store.store": ["Store"],
    },
)
