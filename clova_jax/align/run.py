"""Aligns a model: the loop of tuning, with a gradient of preferences."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.align.config import PreferenceConfig
from clova_jax.align.dpo import DpoGradient
from clova_jax.align.pairs import Pair, digest_of
from clova_jax.align.reward import RewardModel
from clova_jax.align.rloo import PromptBatches, Reward, RlooGradient
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import StopSignals
from clova_jax.inference import Model
from clova_jax.tuning import (
    Batches,
    FineTuningConfig,
    GradientSteps,
    Tuned,
    TuneOptions,
    placed,
    run_steps,
)


@dataclass(frozen=True)
class Aligned:
    """Holds a model after alignment.

    Args:
        model: with the parameters that were best on the development split; the reference is as it was.
        tuned: how the training went; its history has the figures of each validation.
    """

    model: Model
    tuned: Tuned


@holds_out
def align(
    model: Model,
    pairs: Sequence[Pair],
    config: PreferenceConfig,
    options: TuneOptions,
    *,
    dev: Sequence[Pair],
    reward: Reward | None = None,
    reward_id: str | None = None,
    out: str | Path | None = None,
    stop: StopSignals | None = None,
    label: str = "alignment",
) -> Aligned:
    """Trains a model on preferences; with the same `out` a stopped training is resumed.

    Args:
        model: the reference, which training begins with; not changed.
        pairs: to learn from; RLOO takes their prompts alone.
        config: the method and what it costs to leave the reference.
        options: of the training.
        dev: pairs to stop by.
        reward: of texts, for RLOO.
        reward_id: tells this reward from others, so that a run that had another is not resumed; wanted with RLOO and
            `out`, but where the reward is a `RewardModel`, whose fingerprint it is by default.
        out: a folder that the run is kept in.
        stop: ends it after a step.
        label: of the progress bar.

    Raises:
        ClovaError: no pair; RLOO without a reward, or without its id where there is a folder; a reward that is no
            number; the folder holds another run.
    """
    if not pairs or not dev:
        raise ClovaError("no pairs to learn from, or none to stop by")
    method = (config.lora or FineTuningConfig()).method()
    start = method.init(model, options.seed)
    identity: dict[str, Any] = {"kind": "alignment", "config": as_json(config)}
    identity |= {"weights": model.fingerprint}
    identity["pairs"] = digest_of((*pairs, *dev))
    gradient: Any
    batches: Any
    if config.method == "dpo":
        batches = Batches(pairs, options.batch_size, options.seed)
        # In fewer steps than an epoch has, only some pairs are asked for.
        steps = range(min(options.steps, batches.per_epoch))
        asked_for = [pair for step in steps for pair in batches[step]]
        known = pairs if len(steps) < options.steps else asked_for
        gradient = DpoGradient(model, method, config, known, dev, options.batch_size)
    else:
        if reward is None:
            raise ClovaError("method='rloo': wants a reward of texts")
        if reward_id is None and isinstance(reward, RewardModel):
            reward_id = reward.fingerprint
        if reward_id is None and out is not None:
            raise ClovaError(
                f"{out}: reward_id=None; give reward_id, a name of the reward, so that a run with another is not resumed"
            )
        identity["reward"] = reward_id
        prompts = list(dict.fromkeys(one.context for one in pairs))
        asked = list(dict.fromkeys(one.context for one in dev))
        gradient = RlooGradient(model, method, config, reward, asked, options.seed)
        batches = PromptBatches(prompts, options.batch_size, options.seed)
    tuned = run_steps(
        GradientSteps(gradient, options),
        start,
        batches,
        gradient.validate,
        options,
        out=Path(out) if out else None,
        identity=identity,
        stop=stop,
        label=label,
    )
    params = method.params(model.params, placed(tuned.trainable, start))
    return Aligned(model.with_params(params), tuned)
