"""Summarises reviews: clusters, the representative of each, one line that a model writes, and whether that line is true to them.

    head = Entailment(lm, pairs, dev)
    faithful = Faithfulness(head)
    Summarizer(lm, faithful, head.threshold).summarise(reviews, count=3)
    faithful.scores([reviews], ["배우들의 연기가 뛰어나다"])

NAVER's talk of 2021 (docs/paper.md): a representative review and a line, faithfulness by ROUGE or by entailment.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "clusters": ["Cluster", "Vectors", "find_clusters", "labels_of", "tfidf", "with_text"],
        "entailment": ["Entailment", "WordOverlap", "balanced_threshold"],
        "faithfulness": ["Faithfulness", "Meter"],
        "rouge": ["Rouge"],
        "summary": ["Summarizer", "Summary"],
    },
)
