"""Greedy continuations against `transformers.generate`, token for token."""

import numpy as np
import pytest

from clova_jax.inference import complete
from clova_jax.interop import from_hugging_face

pytestmark = pytest.mark.peers


LENGTHS = (1, 2, 3, 5, 8, 13, 16, 17, 18, 23, 24, 25, 26, 33, 40, 49, 50, 64, 66, 89)


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
    prompts, wanted = [], []
    for length in LENGTHS:  # one length a batch, so that the peer need not pad
        ids = torch.from_numpy(rng.integers(0, 499, (10, length)))
        with torch.no_grad():
            out = peer.generate(
                ids,
                attention_mask=torch.ones_like(ids),  # or it takes id 0 for padding
                max_new_tokens=24,
                do_sample=False,
                pad_token_id=0,
            )
        prompts += ids.tolist()
        for new in out[:, length:].tolist():
            wanted.append(new[: new.index(499)] if 499 in new else new)
    order = rng.permutation(200)
    found = complete(lm, [prompts[n] for n in order], max_new_tokens=24, temperature=0)
    assert [one.ids for one in found] == [wanted[n] for n in order]
    for number in range(5, 200, 20):
        alone = complete(lm, [prompts[number]], max_new_tokens=24, temperature=0)
        assert alone[0].ids == wanted[number]
