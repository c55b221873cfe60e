"""Rewrites queries that find nothing: what breaks them, the engine that they are broken for, and what repairs them.

    engine = Engine(pages)
    engine.find("세종 훈민정음")               # the numbers of the pages that hold both
    from_latin("tpwhd gnsalswjddma")           # what was meant
    Candidates(lm, Findable(pages, engine), pairs).rewrite([Asked("세죵 훈민정음")])

NAVER's talk of 2021 (docs/paper.md): typing errors, spacing, stray letters, wrong facts.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "breakers": ["BREAKERS"],
        "candidates": ["Candidates", "Findable", "Rules", "candidates"],
        "engine": ["Engine", "content_words"],
        "keyboard": ["from_latin", "neighbours", "strokes", "to_latin", "typed"],
        "prompted": ["FewShot"],
        "query": ["Asked", "Broken", "LONGEST", "Query", "Rewriter", "clean"],
        "rivals": ["KiwiCorrection", "Nothing", "SymSpellCorrection"],
        "tuned": ["Tuned"],
    },
)
