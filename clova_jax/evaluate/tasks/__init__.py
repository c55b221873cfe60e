"""Finds the tasks by name. A file in this folder that defines `TASK` is a task; nothing else is needed."""

import importlib
import pkgutil

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.task import Task

PAPER_TASKS = ("nsmc", "korquad", "ko_en", "en_ko", "ynat", "klue_sts", "query_modification")


def task_names() -> list[str]:
    """Lists all tasks: the paper's in its order, then the others."""
    found = {module.name for module in pkgutil.iter_modules(__path__)}
    return [*PAPER_TASKS, *sorted(found - set(PAPER_TASKS))]


def load_task(name: str) -> Task:
    """Returns a task by name.

    Raises:
        ClovaError: there is none.
    """
    if name not in task_names():
        raise ClovaError(f"no task {name!r}; there are: {', '.join(task_names())}")
    return importlib.import_module(f"{__name__}.{name}").TASK
