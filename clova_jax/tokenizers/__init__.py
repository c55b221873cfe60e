"""Trains, saves and loads tokenizers; lossless where the kind allows it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "backend": ["read_backend"],
        "base": ["END_OF_TEXT", "FILES", "MANIFEST", "ORIGINALS", "Tokenizer"],
        "export": ["FORMAT", "MARK", "OURS", "claim_export", "export_tokenizer"],
        "hugging_face": ["HuggingFaceTokenizer"],
        "load": ["load_tokenizer"],
        "morpheme_byte": ["MorphemeByteTokenizer"],
        "morphemes": ["Morphemes", "kiwi", "nouns"],
        "train": ["KINDS", "train_tokenizer"],
        "words": ["split_words"],
        "written": ["as_written"],
    },
)
