"""Writes training data for a classifier: utterances of an intent that is known by its name and a few examples.

    prompt = ListPrompt([("거실 불 켜기", ["거실 불 켜 줘", "거실 좀 밝게 해 줘"])])
    asked = {"욕실 불 끄기": []}
    lines = write_lines(lm, prompt, asked, count=25, seed=0)
    classifier = LinearClassifier(texts, labels)

Kim et al. 2021, section 5.2 (Table 7).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adaptation": ["Removed", "adapt", "list_documents", "train_on", "without_targets"],
        "classifier": ["LinearClassifier"],
        "encoder": ["EncoderClassifier"],
        "lines": ["REASONS", "Acceptance", "Line"],
        "mixing": ["MixPrompt", "MixedText", "augment", "label_words", "soft_labels"],
        "prompts": ["ListPrompt", "as_list"],
        "relabelling": ["relabelled"],
        "rivals": ["eda", "nearest_name"],
        "writer": ["TRIES", "Asked", "write_lines", "write_texts"],
    },
)
