"""Leads calls by scenarios: what was meant, what is said next, what should be said, and what finished calls show.

    scenario = scenarios()["restaurant"]
    call = Call(scenario, Rules(scenario))
    call.begin()
    call.hear([Heard("네 두 명이요", -0.2), Heard("네 두 면이요", -1.4)])

NAVER's talk of 2021 (docs/paper.md): understanding, management of the dialogue, utterances; speech itself is left out.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "analysis": ["BROKEN_OFF", "analyse", "as_markdown"],
        "call": ["Call", "POLICY", "Turn"],
        "kept": ["CallFile"],
        "reading": ["make_scenario", "read_scenario", "scenarios"],
        "recogniser": ["Recogniser"],
        "recommendation": [
            "ByIndex",
            "ByModel",
            "ByNeighbours",
            "Question",
            "Recommender",
            "ranks",
        ],
        "scenario": [
            *("DECLINED", "ENDS", "FINISHED", "HANDED_OVER", "NO", "UNCLEAR", "YES"),
            *("Intent", "Scenario", "Slot", "State"),
        ],
        "texts": ["Heard", "clean", "fault"],
        "understanding": [
            *("Choice", "ModelUnderstander", "Ngrams", "Rules", "Said", "Understander"),
            *("Understood", "understand"),
        ],
        "wordings": [
            *("REASONS", "Wording", "read_wordings", "with_wordings", "write_wording_sheet"),
            "write_wordings",
        ],
    },
)
