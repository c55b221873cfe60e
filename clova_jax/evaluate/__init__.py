"""Evaluates models few-shot: the paper's tasks, label scoring, metrics with intervals.

from clova_jax.evaluate import measure
rows = measure(model, "nsmc", "data", shots=70, trials=12, limit=1000)
"""

from clova_jax.evaluate.records import Records
from clova_jax.evaluate.runner import Stopped, evaluate, measure, prompt_of
from clova_jax.evaluate.task import Item, Task, TaskData, check_labels
from clova_jax.evaluate.tasks import PAPER_TASKS, load_task, task_names

__all__ = [
    "PAPER_TASKS",
    "Item",
    "Records",
    "Stopped",
    "Task",
    "TaskData",
    "check_labels",
    "evaluate",
    "load_task",
    "measure",
    "prompt_of",
    "task_names",
]
