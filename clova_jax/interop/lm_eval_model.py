"""Runs a model directory inside lm-evaluation-harness, which the extra `lm-eval` installs.

Importing this module registers the model under the name `clova_jax`: `clova eval --model DIR` does so before
it hands on to the harness, which looks for models nowhere but in its own package. From Python:

    import clova_jax.interop.lm_eval_model
    lm_eval.simple_evaluate("clova_jax", model_args="path=DIR", tasks=[…])
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model, complete, score_ids, split_ids
from clova_jax.language_model import LanguageModel
from clova_jax.parallel import make_mesh

try:
    from lm_eval import utils
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM
    from lm_eval.api.registry import register_model
except ImportError:
    raise ClovaError(
        "lm-evaluation-harness is not installed; pip install 'clova_jax[lm-eval]'"
    ) from None

SHARED = 64  # tokens that all contexts must share before they are prefilled once


@register_model("clova_jax")
class ClovaLM(LM):
    """Answers the harness's requests with a `LanguageModel`.

    Texts over the context lose tokens on the left, as the harness does it. What all contexts of a
    call begin with (few-shot examples that are the same for all items) is computed once.

    Args:
        path: a model directory.
        mesh: devices for data, pipe and model, `2:1:1` say (a comma would end the argument).
        max_gen_toks: length limit of free text where the task sets none.
        model: instead of `path`, a loaded model.
    """

    def __init__(
        self,
        path: str | None = None,
        mesh: str = "1:1:1",
        max_gen_toks: int = 256,
        model: Model | None = None,
        **_: Any,  # batch_size, device and the like, which the harness always sends
    ) -> None:
        super().__init__()
        if model is None:
            if path is None:
                raise ClovaError("--model_args path=DIR is required: a model directory")
            try:
                shape = tuple(int(part) for part in str(mesh).split(":"))
            except ValueError:
                raise ClovaError(f"mesh={mesh}: wants three numbers, 1:1:1 say") from None
            model = LanguageModel.load(path, mesh=make_mesh(shape))
        self.model, self.max_gen_toks = model, max_gen_toks

    def loglikelihood(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """Returns (log p in nats, whether greedy decoding would write it) of each (context, continuation)."""
        contexts, continuations = zip(*(request.args for request in requests), strict=True)
        pairs = split_ids(self.model.tokenizer, contexts, continuations)
        return self._score(pairs)

    def loglikelihood_rolling(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[float]:
        """Returns log p in nats of each complete text, in windows of the model's context."""
        totals = []
        for request in requests:
            windows = [
                utils.make_disjoint_window(window)
                for window in utils.get_rolling_token_windows(
                    token_list=self.model.tokenizer.encode(request.args[0]),
                    prefix_token=self.model.tokenizer.end_of_text,
                    max_seq_len=self.model.config.max_length,
                    context_len=1,
                )
            ]
            totals.append(sum(total for total, _ in self._score(windows)) if windows else 0.0)
        return totals

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Returns continuations up to the first of each request's `until`."""
        texts = [""] * len(requests)
        order = sorted(range(len(requests)), key=lambda i: repr(requests[i].args[1]))
        for _, group in itertools.groupby(order, key=lambda i: repr(requests[i].args[1])):
            members = list(group)
            options = self._options(requests[members[0]].args[1])
            room = self.model.config.max_length - options["max_new_tokens"]
            if room < 1:
                raise ClovaError(
                    f"max_gen_toks={options['max_new_tokens']} fills the model's context of "
                    f"{self.model.config.max_length}; ask for fewer"
                )
            prompts = self.model.tokenizer.encode_batch([requests[i].args[0] for i in members])
            written = complete(self.model, [ids[-room:] for ids in prompts], seed=0, **options)
            for i, completion in zip(members, written, strict=True):
                texts[i] = completion.text
        return texts

    def _options(self, given: dict[str, Any]) -> dict[str, Any]:
        until = given.get("until") or []
        sampled = given.get("do_sample", given.get("temperature", 0) > 0)
        return {
            "max_new_tokens": int(given.get("max_gen_toks", self.max_gen_toks)),
            "stop": (until,) if isinstance(until, str) else tuple(filter(None, until)),
            "temperature": float(given.get("temperature", 1.0)) if sampled else 0.0,
            "top_p": float(given.get("top_p", 1.0)),
            "top_k": int(given.get("top_k", 0)),
        }

    def _score(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list:
        limit = self.model.config.max_length
        contexts = []
        for context, continuation in pairs:
            if len(continuation) > limit:
                raise ClovaError(
                    f"a continuation of {len(continuation)} tokens is longer than the model's context "
                    f"of {limit}"
                )
            # The last token is only predicted, so one more than the context fits.
            contexts.append(list(context)[-(limit + 1 - len(continuation)) :])
        shared = _common([ids[:-1] for ids in contexts])
        shared = shared if len(contexts) > 1 and len(shared) >= SHARED else []
        sums, greedy = score_ids(
            self.model,
            [ids[len(shared) :] for ids in contexts],
            [list(continuation) for _, continuation in pairs],
            shared,
        )
        return [(float(a), bool(b)) for a, b in zip(np.asarray(sums), greedy, strict=True)]


def _common(rows: Sequence[list[int]]) -> list[int]:
    """Returns the ids that all rows begin with: those that the first and the last in order share."""
    first, last = min(rows), max(rows)
    for at, (a, b) in enumerate(zip(first, last, strict=False)):
        if a != b:
            return first[:at]
    return first
