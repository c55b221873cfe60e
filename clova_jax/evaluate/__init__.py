"""Evaluates models few-shot: the paper's tasks, label scoring, metrics with intervals.

from clova_jax.evaluate import measure
rows = measure(model, "nsmc", "data", shots=70, trials=12, limit=1000)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "calibration": ["Scoring", "label_scores"],
        "comparison": ["Comparison", "mean_over"],
        "detection": ["Detection"],
        "generated_text": [
            "Passage",
            "continue_passages",
            "distinguish",
            "draw_passages",
            "judged_bits",
            "percent",
            "ratio",
        ],
        "held_out": ["Costs", "score_documents"],
        "intervals": [
            "Interval",
            "interval",
            "proportion",
            "proportion_of_units",
            "reach",
            "sum_units",
        ],
        "metrics": ["Metric", "Prediction", "accuracy", "bleu", "character_f1", "exact_match"],
        "prompts": ["draw_items", "generator"],
        "records": ["Records", "digest"],
        "rows": ["do_nothing", "headline_score", "item_scores"],
        "runner": ["evaluate", "measure", "prompt_of"],
        "scaling": ["LAWS", "OPERATIONS", "Fit", "Losses", "fit"],
        "segmentation": ["Tally", "disagreement"],
        "task": ["Item", "Task", "TaskData", "check_labels", "draw_examples"],
        "translation": ["read_pairs"],
        "task_file": ["read_task_file"],
        "tasks": ["PAPER_TASKS", "folder_of", "load_task", "task_names"],
        "tasks.korquad": ["Paragraph", "read_paragraphs"],
    },
)
