"""Tunes a model on a task's examples: one call from items to a model that answers."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.command import as_json
from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import Item, Task
from clova_jax.evaluate.records import digest
from clova_jax.inference import Model, SoftPrompt, Template
from clova_jax.language_model import LanguageModel
from clova_jax.tuning.answers import dev_figures
from clova_jax.tuning.encoders import prompt_vectors
from clova_jax.tuning.examples import Batches, Example, make_examples, split
from clova_jax.tuning.inside import Inside
from clova_jax.tuning.loop import Tuned, train
from clova_jax.tuning.losses import loss_of
from clova_jax.tuning.methods import SoftPrompts, make_method
from clova_jax.tuning.options import AutoPromptConfig, FineTuningConfig, TuneOptions
from clova_jax.tuning.outside import Outside
from clova_jax.tuning.search import search
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


def default_template(config: Any) -> Template:
    """Returns `[P]*n {text} [P]*n` for virtual tokens, and the text alone without them.

    The original p-tuning code does the same for GPT.
    """
    count = getattr(config, "num_virtual_tokens", 0)
    return Template(*((n,) if n else () for n in (count // 2, count - count // 2)))


@holds_out
def tune(
    model: Model,
    task: Task,
    items: Sequence[Item],
    config: Any,
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
        model: a `LanguageModel`, say; not changed.
        items: examples to learn from.
        config: `PromptEncoderConfig`, `PromptTuningConfig`, `AutoPromptConfig`, `LoraConfig` or
            `FineTuningConfig`.
        template: `default_template` where None.
        dev: items to stop by; where None, a fifth of `items` is kept for that.
        out: a folder that the run is kept in, and resumed from (AutoPrompt begins anew); the prompt is saved
            there as `prompt/`.

    Raises:
        ClovaError: an empty split, a template that does not fit the config or the context, a loss that is
            not finite 20 times in a row.
    """
    virtual = model.first_virtual
    given = _Given.of(model, task, items, dev, config, template, virtual, options.seed)
    method = make_method(config)

    def look(trainable: Any) -> dict[str, float]:
        view = model.with_params(method.params(model.params, trainable))
        return dev_figures(view, task, given.before, given.dev, given.dev_examples)

    width = max(len(example.target) for example in given.examples)
    gradient = Inside(model, method, given.template, width)
    batches = Batches(given.examples, options.batch_size, options.seed)
    words: dict[str, Any] = {}
    if isinstance(config, AutoPromptConfig):
        tuned, ids = search(model, config, gradient, batches, look, options, stop=stop, label=label)
        words = {"words": [model.tokenizer.decode([i]) for i in ids]}
    else:
        tuned = train(
            method.init(model, options.seed),
            gradient,
            batches,
            look,
            options,
            out=Path(out) if out else None,
            identity=given.identity(task, config, model.fingerprint),
            stop=stop,
            label=label,
        )
    prompt = None
    if isinstance(method, SoftPrompts):
        prompt = _soft_prompt(task, config, options, given, tuned, model.fingerprint, words)
        if out:
            prompt.save(Path(out) / "prompt")
    trainable = tuned.trainable
    if isinstance(config, FineTuningConfig):
        trainable = placed(trainable, model.params)
    view = model.with_params(method.params(model.params, trainable))
    return TunedModel(view, given.template, given.before, tuned, prompt, given.notes)


@holds_out
def tune_outside(
    lm: LanguageModel,
    task: Task,
    items: Sequence[Item],
    config: Any,
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
    method, known = make_method(config), isinstance(config, AutoPromptConfig)
    if (
        known
        or not isinstance(method, SoftPrompts)
        or getattr(config, "prompt_tuning_init", "RANDOM") != "RANDOM"
    ):
        raise ClovaError(
            f"{config}: cannot be tuned from outside, it needs the weights; p-tuning and prompt tuning with "
            "a random start can"
        )
    given = _Given.of(lm, task, items, dev, config, template, lm.config.vocab_size, options.seed)
    outside = Outside(lm, given.template)
    tuned = train(
        method.init(lm, options.seed),
        outside,
        Batches(given.examples, options.batch_size, options.seed),
        lambda trainable: outside.look(trainable, given.dev_examples),
        options,
        out=Path(out) if out else None,
        identity=given.identity(task, config, lm.fingerprint),
        stop=stop,
        label=label,
    )
    more = {"notes": list(given.notes)} if given.notes else {}
    prompt = _soft_prompt(task, config, options, given, tuned, lm.fingerprint, more)
    if out:
        prompt.save(Path(out) / "prompt")
    return prompt, tuned


@dataclass(frozen=True)
class _Given:
    """Holds the data of a run: both splits as items and in tokens, and the template around them."""

    template: Template
    before: Sequence[int]
    items: Sequence[Item]
    dev: Sequence[Item]
    examples: Sequence[Example]
    dev_examples: Sequence[Example]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        model: Model,
        task: Task,
        items: Sequence[Item],
        dev: Sequence[Item] | None,
        config: Any,
        template: Template | None,
        virtual: int,
        seed: int,
    ) -> "_Given":
        template = template or default_template(config)
        wanted = getattr(config, "num_virtual_tokens", 0)
        if template.num_virtual_tokens != wanted:
            raise ClovaError(
                f"template '{template}' has {template.num_virtual_tokens} virtual tokens, the method {wanted}"
            )
        if dev is None:
            items, dev = split(items, seed)
        if not items or not dev:
            raise ClovaError(
                f"{task.name}: {len(items)} items to train on and {len(dev)} to stop by; give some of both"
            )
        length, tokenizer = model.config.max_length, model.tokenizer
        examples, cut = make_examples(task, items, tokenizer, template, virtual, length)
        dev_examples, _ = make_examples(task, dev, tokenizer, template, virtual, length)
        notes = (f"{cut} of {len(items)} texts cut to fit the context",) if cut else ()
        before = template.ids(tokenizer, virtual)[0]
        return cls(template, before, items, dev, examples, dev_examples, notes)

    def identity(self, task: Task, config: Any, weights: str) -> dict[str, Any]:
        """Returns what must not change when a run is resumed."""
        return {
            "method": type(config).__name__,
            **as_json(config),
            "template": str(self.template),
            "weights": weights,
            "loss": loss_of(task),
            "data": digest([task.shown(item) + item.lead for item in (*self.items, *self.dev)]),
        }


def _soft_prompt(
    task: Task,
    config: Any,
    options: TuneOptions,
    given: _Given,
    tuned: Tuned,
    weights: str,
    more: dict[str, Any],
) -> SoftPrompt:
    about = {
        "task": task.name,
        "method": type(config).__name__,
        **as_json(config),
        "options": dataclasses.asdict(options),
        "best_step": tuned.best_step,
        **more,
    }
    vectors = np.asarray(prompt_vectors(tuned.trainable))
    return SoftPrompt(vectors, given.template, weights, about)
