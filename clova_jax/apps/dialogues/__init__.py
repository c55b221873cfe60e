"""Writes dialogues from goal scripts, labels their states, and trains a tracker on them.

    goals = draw_goals(ontology, "병원", like, without, 100, random)
    written = write_dialogues(lm, goals, most_tokens=300, seed=0)
    tracker = LinearTracker(labelled(lm, goals, [texts[-1] for texts in written]))

Kim, Chang and Lee 2021 (NeuralWOZ), with one decoder for its collector and its labeler.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adaptation": ["adapt", "documents", "examples"],
        "labelling": ["as_state", "label_states"],
        "masks": ["mask", "unmask"],
        "script": ["RESULT", "Goal", "draw_goals", "goals_of", "make_goal"],
        "text": [
            "REASONS",
            "Acceptance",
            "Written",
            "as_document",
            "as_prompt",
            "read_lines",
            "said_values",
        ],
        "tracker": ["LinearTracker", "match_values"],
        "writer": ["TRIES", "labelled", "write_dialogues"],
    },
)
