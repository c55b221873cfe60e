"""Answers open questions with the passages that are found, stays silent where it is not sure, and expands answers.

    reader = Reader(lm, Index.build(passages), below=-0.8)
    reader.answer(["한강은 어디를 지나는가?"])[0].text      # or SILENCE
    Expander(lm, "summary").write([{"input": passage}])

NAVER's talk of 2021 (docs/paper.md): questions over an encyclopedia, and answers with a summary, related questions, easy words
and a comparison of two people.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adaptation": ["SEPARATOR", "adapt", "documents"],
        "choice": ["MOST_TOKENS", "YES_NO", "choose", "spans"],
        "expansion": ["EXPANSIONS", "Expanded", "Expander", "Form", "read_expansions"],
        "reader": ["Answer", "LONGEST", "Reader", "SILENCE", "clean"],
        "rivals": ["copied", "nearest", "proving_sentence"],
        "silence": ["COST", "sureness", "threshold"],
    },
)
