"""Finds the models and the data of a table."""

from collections import Counter
from pathlib import Path, PurePosixPath

from clova_jax.common.errors import ClovaError
from clova_jax.common.places import is_url
from clova_jax.interop import model_folder
from clova_jax.tables.made import sample_run
from clova_jax.tables.options import Inputs


def find_models(models: tuple[Path | str, ...], data: Path | None, mesh: tuple[int, ...]) -> Inputs:
    """Returns the given models and data; without a model, the quickstart's model (trained now if missing) and sample.

    Raises:
        ClovaError: models without data; a name that is neither here nor on the Hub.
        Stopped: the quickstart was stopped.
    """
    if not models:
        out = sample_run()
        models, data = (out / "model",), data or out / "sample"
    if data is None:
        raise ClovaError(
            "--data is required with --model: a folder laid out like the official data"
        )
    return Inputs(data, [model_folder(model) for model in models], model_names(models), mesh)


def model_names(models: tuple[Path | str, ...]) -> list[str]:
    """Returns a short name for each model directory: its own, or its parent's where it is called model."""
    paths = [PurePosixPath(m) if is_url(m) else Path(m).resolve() for m in models]
    names = [path.parent.name if path.name == "model" else path.name for path in paths]
    twice = {name for name, count in Counter(names).items() if count > 1}
    return [
        "/".join(path.parts[-3:]) if name in twice else name
        for path, name in zip(paths, names, strict=True)
    ]
