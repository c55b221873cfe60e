"""Greedy continuations against `transformers.generate`, token for token."""

import numpy as np
import pytest

from clova_jax.generate import complete
from clova_jax.interop import from_hugging_face

pytestmark = pytest.mark.peers


class Numbers:
    """Ids without texts; none of them ends a text."""

    kind, vocab_size, end_of_text = "numbers", 500, 499

    def decode_bytes(self, ids):
        return bytes(len(ids))


def test_two_hundred_prompts_alone_and_together(tmp_path):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=500, n_positions=128, n_embd=64, n_layer=3, n_head=4, eos_token_id=499
    )
    peer = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for weight in peer.parameters():
            weight.mul_(4.0)
    peer.save_pretrained(tmp_path)
    lm = from_hugging_face(tmp_path, tokenizer=Numbers())
    rng = np.random.default_rng(0)
    prompts = [rng.integers(0, 499, rng.integers(1, 90)).tolist() for _ in range(200)]
    wanted = []
    for ids in prompts:
        with torch.no_grad():
            out = peer.generate(
                torch.tensor([ids]), max_new_tokens=24, do_sample=False, pad_token_id=0
            )
        new = out[0, len(ids) :].tolist()
        wanted.append(new[: new.index(499)] if 499 in new else new)
    found = complete(lm, prompts, max_new_tokens=24, temperature=0)
    assert [one.ids for one in found] == wanted
    for number in range(0, 200, 20):
        alone = complete(lm, [prompts[number]], max_new_tokens=24, temperature=0)
        assert alone[0].ids == wanted[number]
