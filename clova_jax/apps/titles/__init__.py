"""Writes titles of a shop's events from tags and a day, measures them, and asks people which are better.

    events = read_events("data")
    prompt = TitlePrompt(events.products)
    lm.generate([prompt.text(event) for event in events.test], stop="\\n")

Kim et al. 2021, section 5.2 (Table 8).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "annotation": ["ANSWERS", "Annotations", "annotation_sheet", "read_annotations"],
        "events": ["Event", "Events"],
        "measures": ["TOKENIZE", "TitleMeasures"],
        "pairs": ["Judgments", "Titles", "draw_pairs", "read_judgments"],
        "petitions": ["TEST", "read_petitions"],
        "prompt": ["TitlePrompt", "title_task"],
        "reading": ["read_events"],
        "rivals": ["joined_tags", "nearest_titles"],
        "sheets": ["agreement", "write_sheet"],
    },
)
