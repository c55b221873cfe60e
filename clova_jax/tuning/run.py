"""Tunes a model on a task's examples: data, method, gradient, loop, and a model or a prompt that answers."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate import Item, Task
from clova_jax.inference import Model, SoftPrompt, Template
from clova_jax.language_model import LanguageModel
from clova_jax.model import Params
from clova_jax.tuning.answers import predictions
from clova_jax.tuning.data import TuningData
from clova_jax.tuning.examples import Batches, make_contexts
from clova_jax.tuning.inside import Inside
from clova_jax.tuning.loop import Gradient, Tuned, run_steps
from clova_jax.tuning.methods.base import Config, Method
from clova_jax.tuning.options import TuneOptions
from clova_jax.tuning.outside import Outside
from clova_jax.tuning.state import placed


@dataclass(frozen=True)
class TunedModel:
    """Holds a model after tuning.

    Args:
        view: the model with the parameters to answer with; the original is as it was.
        template: what stands around a text.
        before: ids of the template before it.
        tuned: how the training went.
        prompt: the prompt vectors, where the method makes some.
        notes: what a reader should know (texts that were cut).
    """

    view: Model
    template: Template
    before: Sequence[int]
    tuned: Tuned
    prompt: SoftPrompt | None
    notes: tuple[str, ...] = ()

    def answer(
        self,
        task: Task,
        items: Sequence[Item],
        label: str = "test",
        stop: StopSignals | None = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Answers every item; also counts texts that were cut to fit the context.

        Returns:
            A row an item with `id, prediction, answers`, and `logprobs` for labels (`evaluate.headline_score`
            scores them); and the count.
        """
        model = self.view
        contexts, cut = make_contexts(
            task,
            items,
            model.tokenizer,
            self.template,
            model.first_virtual,
            model.config.max_length,
        )
        with progress(total=len(items), desc=label, unit="item") as bar:

            def advance(count: int) -> None:
                bar.update(count)
                if stop and stop.requested:
                    raise Stopped(stop.requested)

            return predictions(model, task, self.before, items, contexts, advance), cut


@holds_out
def tune(
    model: Model,
    task: Task,
    items: Sequence[Item],
    config: Config,
    options: TuneOptions,
    *,
    template: Template | None = None,
    dev: Sequence[Item] | None = None,
    out: str | Path | None = None,
    stop: StopSignals | None = None,
    label: str = "tuning",
) -> TunedModel:
    """Trains a prompt (or LoRA, or everything) on items of a task, as in the paper's Table 4.

    Args:
        model: a `LanguageModel`, or anything with its `config, params, tokenizer, mesh, dtype`; not changed.
        items: examples to learn from.
        config: `PromptEncoderConfig`, `PromptTuningConfig`, `AutoPromptConfig`, `LoraConfig`,
            `FineTuningConfig`, or one of your own (docs/how-to/tuning_method.md).
        template: `default_template` where None.
        dev: items to stop by; where None, a fifth of `items` is kept for that.
        out: a folder that the run is kept in, and resumed from; a prompt is saved there as `prompt/`.

    Raises:
        ClovaError: an empty split, a template that does not fit the config or the context, a loss that is
            not finite 20 times in a row.
    """
    method, weights = config.method(), model.fingerprint
    data = TuningData.of(
        model, task, items, dev, config, template, model.first_virtual, options.seed
    )
    gradient = Inside(model, method, data.template)
    start = method.init(model, options.seed)
    tuned = _train(model, method, data, gradient, start, weights, options, out, stop, label)
    prompt = None
    if method.makes_prompt:
        prompt = _soft_prompt(model, method, data, tuned, weights, options, out)
    # Laid out as the start was, so that programs compiled for it serve the result.
    params = method.params(model.params, placed(tuned.trainable, start))
    view = model.with_params(params)
    return TunedModel(view, data.template, data.before, tuned, prompt, data.notes)


@holds_out
def tune_outside(
    lm: LanguageModel,
    task: Task,
    items: Sequence[Item],
    config: Config,
    options: TuneOptions,
    *,
    template: Template | None = None,
    dev: Sequence[Item] | None = None,
    out: str | Path | None = None,
    stop: StopSignals | None = None,
    label: str = "tuning",
) -> tuple[SoftPrompt, Tuned]:
    """Tunes a prompt as `tune` does, but without the weights: through `lm.input_gradients` alone.

    The same result as `tune` with the same seed, but for rounding.

    Args:
        lm: with `config`, `tokenizer`, `fingerprint` and `input_gradients`; its parameters are not used.
        config: `PromptEncoderConfig`, or `PromptTuningConfig` with a random start.

    Raises:
        ClovaError: as `tune`; a method that needs the weights.
    """
    method, weights = config.method(), lm.fingerprint
    if not method.works_outside:
        raise ClovaError(
            f"{config}: cannot be tuned from outside, it needs the weights; p-tuning and prompt tuning with "
            "a random start can"
        )
    data = TuningData.of(lm, task, items, dev, config, template, lm.config.vocab_size, options.seed)
    gradient, start = Outside(lm, method, data.template), method.init(lm, options.seed)
    tuned = _train(lm, method, data, gradient, start, weights, options, out, stop, label)
    return _soft_prompt(lm, method, data, tuned, weights, options, out), tuned


def _train(
    model: Model,
    method: Method,
    data: TuningData,
    gradient: Gradient,
    start: Params,
    weights: str,
    options: TuneOptions,
    out: str | Path | None,
    stop: StopSignals | None,
    label: str,
) -> Tuned:
    return run_steps(
        method.steps(model, gradient, options),
        start,
        Batches(data.examples, options.batch_size, options.seed),
        lambda trainable: gradient.validate(trainable, data),
        options,
        out=Path(out) if out else None,
        identity=data.identity(method.config, weights),
        stop=stop,
        label=label,
    )


def _soft_prompt(
    model: Model,
    method: Method,
    data: TuningData,
    tuned: Tuned,
    weights: str,
    options: TuneOptions,
    out: str | Path | None,
) -> SoftPrompt:
    """Makes the prompt of a run, and saves it in `out` where that is given."""
    about = {
        "task": data.task.name,
        "method": type(method.config).__name__,
        **as_json(method.config),
        "options": dataclasses.asdict(options),
        "best_step": tuned.best_step,
        **method.about(model, tuned.trainable),
        **({"notes": list(data.notes)} if data.notes else {}),
    }
    vectors = np.asarray(method.vectors(tuned.trainable))
    prompt = SoftPrompt(vectors, data.template, weights, about)
    if out:
        prompt.save(Path(out) / "prompt")
    return prompt
