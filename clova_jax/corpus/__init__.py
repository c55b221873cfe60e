"""Turns raw text into documents: sources, cleaning, de-duplication, reports."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "clean.linear_model": ["NgramModel"],
        "clean.privacy.search": ["find"],
        "clean.privacy.view": ["LIKE"],
        "clean.privacy.windows": ["SEPARATORS"],
        "clean.profanity.softening": ["SEEDS", "swear_words"],
        "clean.quality": ["is_long_enough", "quality", "train_quality"],
        "clean.toxicity": ["toxicity", "train_toxicity"],
        "dedup.pairs": ["near_duplicates"],
        "dedup.signatures": ["BANDS", "ROWS", "signatures"],
        "documents": [
            "Block",
            "Document",
            "base_of",
            "document_files",
            "parse_block",
            "read_blocks",
            "read_documents",
        ],
        "places": ["changed_input", "describe_inputs", "shown_name"],
        "read.core_region": ["core_scores", "train_core_region"],
        "report.statistics": ["SCRIPTS", "count_corpus"],
        "run.pipeline": ["clean_corpus"],
        "run.sampling": ["sample_documents", "write_sample_of"],
        "run.stream": ["map_stream"],
        "settings": ["Cleaning", "Job", "RunSettings", "Selection", "Selector"],
        "sources": [
            "DESCRIPTIONS",
            "KINDS",
            "Registry",
            "by_source",
            "kinds_of",
            "read_sources",
            "source_name",
            "source_of",
        ],
        "trials.pages": ["LAYOUTS", "pages"],
        "trials.privacy_cases": ["positives"],
        "trials.privacy_look_alikes": ["negatives"],
        "trials.privacy_score": ["measure"],
        "trials.toxicity_score": ["toxicity_scores"],
    },
)
