"""Holds applications of a language model, and the filters that all of them answer through."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["answers", "assistant", "augmentation", "calls", "dialogues", "reviews", "titles"],
    submod_attrs={
        "filters": ["ACTIONS", "KINDS", "Filters", "StreamFilter", "check_policy", "strictest"]
    },
)
