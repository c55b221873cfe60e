"""Finds the tasks by name. A file in this folder that defines `TASK` is a task; so is a user's own JSON file."""

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.task import Task
from clova_jax.evaluate.task_file import read_task_file

PAPER_TASKS = ("nsmc", "korquad", "ko_en", "en_ko", "ynat", "klue_sts", "query_modification")


def task_names() -> list[str]:
    """Lists all tasks: the paper's in its order, then the others."""
    found = {module.name for module in pkgutil.iter_modules(__path__)}
    return [*PAPER_TASKS, *sorted(found - set(PAPER_TASKS))]


def is_task_file(name: str) -> bool:
    """Returns True if a task is named by its JSON file."""
    return name.endswith(".json")


def load_task(name: str) -> Task:
    """Returns a task by name, or by the JSON file that describes it (`evaluate/task_file.py`).

    Raises:
        ClovaError: there is none; a file that cannot be used, or whose task is called as one that is here.
    """
    if is_task_file(name):
        task = read_task_file(name)
        if task.name in task_names():
            raise ClovaError(f"{name}: 'name' {task.name!r} is taken; call your task otherwise")
        return task
    if name not in task_names():
        raise ClovaError(
            f"no task {name!r}; there are: {', '.join(task_names())}, or your own, NAME.json"
        )
    return importlib.import_module(f"{__name__}.{name}").TASK


def folder_of(names: Sequence[str]) -> Path | None:
    """Returns the folder of the first task file, where all tasks are files: they need no other data."""
    return Path(names[0]).parent if names and all(map(is_task_file, names)) else None
