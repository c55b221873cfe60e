"""Evaluates models few-shot: the paper's tasks, label scoring, metrics with intervals.

from clova_jax.evaluate import measure
rows = measure(model, "nsmc", "data", shots=70, trials=12, limit=1000)
"""

from clova_jax.common.lazy import lazy_names

__all__, __getattr__ = lazy_names(
    __name__,
    {
        "records": ["Records"],
        "runner": ["evaluate", "measure", "prompt_of"],
        "task": ["Item", "Task", "TaskData", "check_labels"],
        "tasks": ["PAPER_TASKS", "load_task", "task_names"],
    },
)
