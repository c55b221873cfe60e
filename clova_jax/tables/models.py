"""Does what every experiment on models needs: finds models and data, takes one model after the other, stops in order."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import Stopped
from clova_jax.language_model import LanguageModel
from clova_jax.parallel.mesh import make_mesh
from clova_jax.tables.made import sample_run


def models_and_data(models: tuple[Path, ...], data: Path | None) -> tuple[tuple[Path, ...], Path]:
    """Returns the given models and data; without a model, the quickstart's model (trained now if missing) and sample.

    Raises:
        ClovaError: models without data.
        KeyboardInterrupt: the quickstart was stopped.
    """
    if not models:
        out = sample_run()
        return (out / "model",), data or out / "sample"
    if data is None:
        raise ClovaError(
            "--data is required with --model: a folder laid out like the official data"
        )
    return models, data


def for_each_model(
    models: tuple[Path, ...],
    mesh: tuple[int, ...],
    work: Callable[[LanguageModel, str, StopSignals], Any],
) -> bool:
    """Calls `work(model, name, stop)` for each model; False where a signal stopped it."""
    with StopSignals() as stop:
        for folder, name in zip(models, model_names(models), strict=True):
            model = LanguageModel.load(folder, mesh=make_mesh(mesh))
            try:
                work(model, name, stop)
            except Stopped as signal:
                print(f"{signal}: what is finished is kept; run the same command to go on")
                return False
    return True


def model_names(models: tuple[Path, ...]) -> list[str]:
    """A short name for each model directory: its own, or its parent's where it is called model."""
    names = [
        path.resolve().parent.name if path.resolve().name == "model" else path.resolve().name
        for path in models
    ]
    twice = {name for name, count in Counter(names).items() if count > 1}
    return [
        "/".join(path.resolve().parts[-3:]) if name in twice else name
        for path, name in zip(models, names, strict=True)
    ]
