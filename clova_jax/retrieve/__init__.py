"""Finds the passages of documents that fit a question, and puts them into prompts.

from clova_jax.retrieve import Index
index = Index.build(["한강은 서울을 지난다.", "낙동강은 부산으로 흐른다."])
index.search("서울의 강", k=1)[0].index  # 0
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "contrast": ["train_encoder"],
        "documents": ["LARGEST", "Document", "Passage", "read_document", "read_folder"],
        "examples": ["Examples"],
        "features": ["FEATURES"],
        "index": ["Hit", "Index"],
        "prompt": ["Filled", "fill", "places", "within"],
        "vectors": ["text_states"],
    },
)
