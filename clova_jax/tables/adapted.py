"""Makes adapted models: writers of Table 7, trained further on lists of intents that no draw can test; writers of dialogues; readers."""

import dataclasses
from typing import Any

from clova_jax.apps import answers, augmentation, dialogues
from clova_jax.common.errors import ClovaError
from clova_jax.tables.dialogue_cells import adapted_without
from clova_jax.tables.intent_cells import adapted_folder
from clova_jax.tables.intents import IntentDraws
from clova_jax.tables.left_out import left_out
from clova_jax.tables.models import find_models
from clova_jax.tables.open_questions import Splits
from clova_jax.tables.options import Inputs


def adapted_models(options: Any) -> Inputs:
    """Returns models and data; with `adapted` among the writers, what is missing in `out/adapted` is trained.

    One adaptation serves all draws: every intent that could be drawn is taken out of its data.

    Args:
        options: of `experiments.intent_augmentation`.

    Raises:
        Stopped: a signal ended a training; the same call goes on there.
    """
    inputs = find_models(options.model, options.data, options.mesh)
    if "adapted" not in options.writer:
        return inputs
    draws = IntentDraws.read(inputs.data, options.draws, options.limit, options.seed)
    for folder, name in zip(inputs.models, inputs.names, strict=True):
        augmentation.adapt(
            folder,
            draws.intents.rare,
            draws.intents.frequent,
            adapted_folder(options.out, name),
            steps=options.steps,
            batch=options.batch,
            length=options.length,
            learning_rate=options.learning_rate,
            seed=options.seed,
        )
    return inputs


def adapted_to_dialogues(options: Any) -> Inputs:
    """Returns models and data; with `adapted` among the writers, what is missing in `out/adapted` is trained, a model a domain.

    Args:
        options: of `experiments.goal_dialogues`.

    Raises:
        ClovaError: a folder or a domain is at fault.
        Stopped: a signal ended a training; the same call goes on there.
    """
    inputs = find_models(options.model, options.data or options.wos, options.mesh)
    domains = left_out(options, inputs)
    if "adapted" not in options.writer:
        return inputs
    schedule = {"steps": options.steps, "global_batch": options.batch, "length": options.length}
    schedule |= {"learning_rate": options.learning_rate, "seed": options.seed}
    for folder, name in zip(inputs.models, inputs.names, strict=True):
        for left in domains:
            out = adapted_without(options.out, name, left.domain)
            dialogues.adapt(folder, left.others, left.data.ontology, out, schedule)
    return inputs


def adapted_to_questions(options: Any) -> Inputs:
    """Returns models and data; with steps, models that are trained further on training questions and expansions.

    Args:
        options: of `experiments.open_qa`.

    Raises:
        ClovaError: the data have no training questions.
        Stopped: a signal ended a training; the same call goes on there.
    """
    inputs = find_models(options.model, options.data, options.mesh)
    if not options.steps:
        return inputs
    items = Splits.read(inputs.data, options.seed).train
    if not items:
        raise ClovaError(
            f"--steps {options.steps}: {inputs.data} has no training questions; give a folder with "
            "korquad/KorQuAD_v1.0_train.json, or --steps 0"
        )
    expanded = answers.read_expansions(inputs.data, "train")
    schedule = {"steps": options.steps, "global_batch": options.batch, "length": options.length}
    schedule |= {"learning_rate": options.learning_rate, "seed": options.seed}
    models = [
        answers.adapt(
            folder, items, expanded, options.out / "adapted" / name.replace("/", "_"), schedule
        )
        for folder, name in zip(inputs.models, inputs.names, strict=True)
    ]
    return dataclasses.replace(inputs, models=models)
