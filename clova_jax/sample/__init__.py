"""Generates the sample world: synthetic Korean documents and labelled sets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "call_words": ["ANSWERS", "FILLERS", "FRAMES", "MEANINGS", "QUESTIONS", "SENTENCES"],
        "hangul": ["PARTICLES", "josa"],
        "pen": ["fill"],
        "write": ["is_sample", "renew_sample", "write_sample"],
    },
)
