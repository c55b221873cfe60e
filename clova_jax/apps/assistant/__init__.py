"""Answers as a goal-oriented, a question-answering and a small-talk responder, and takes the answer that fits.

assistant = Assistant(lm, responders, selector)
session = Session(seed=0)
assistant.reply(session, "거실 불 좀 꺼 줘").answer
session.save("talk.json")
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "assistant": ["Assistant", "Candidate", "Reply"],
        "responders": ["KINDS", "Responder"],
        "rewriting": ["CHOOSERS", "FollowUp", "Rewriter"],
        "selector": ["Selector"],
        "session": ["Session", "Turn"],
        "speech_level": ["LEVELS", "speech_level"],
        "tracking": ["StateTracker"],
        "wording": ["BOT", "USER", "answer_of", "one_line"],
    },
)
