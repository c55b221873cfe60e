"""Logits and gradients equal transformers' GPT-2 on the same weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.config import ModelConfig
from clova_jax.model import bind, init_params, input_gradients

CONFIG = ModelConfig(num_layers=3, embed_dim=48, num_heads=4, vocab_size=300, max_length=64)


def gpt2_names(params):
    """The tensors of GPT-2's state dict."""
    width = CONFIG.embed_dim
    tensors = {
        "wte.weight": params["embedding"],
        "wpe.weight": params["positions"],
        "ln_f.weight": params["ln_f"]["scale"],
        "ln_f.bias": params["ln_f"]["bias"],
    }
    blocks = params["blocks"]
    for layer in range(CONFIG.num_layers):
        for name in ("ln_1", "ln_2"):
            tensors[f"h.{layer}.{name}.weight"] = blocks[name]["scale"][layer]
            tensors[f"h.{layer}.{name}.bias"] = blocks[name]["bias"][layer]
        for name, part in (
            ("attn.c_attn", blocks["attn"]["qkv"]),
            ("attn.c_proj", blocks["attn"]["out"]),
            ("mlp.c_fc", blocks["mlp"]["up"]),
            ("mlp.c_proj", blocks["mlp"]["down"]),
        ):
            rows = 4 * width if name == "mlp.c_proj" else width
            tensors[f"h.{layer}.{name}.weight"] = part["kernel"][layer].reshape(rows, -1)
            tensors[f"h.{layer}.{name}.bias"] = part["bias"][layer].reshape(-1)
    return tensors


@pytest.mark.peers
def test_logits_and_loss_equal_transformers():
    import torch
    import transformers

    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda x: jnp.asarray(x + 0.1 * rng.standard_normal(x.shape, np.float32)),
        init_params(CONFIG, 0),
    )
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=CONFIG.vocab_size,
            n_positions=CONFIG.max_length,
            n_embd=CONFIG.embed_dim,
            n_layer=CONFIG.num_layers,
            n_head=CONFIG.num_heads,
            bos_token_id=0,
            eos_token_id=0,
        )
    ).eval()
    missing = model.transformer.load_state_dict(
        {name: torch.from_numpy(np.array(x)) for name, x in gpt2_names(params).items()}
    )
    assert not missing.missing_keys
    ids = rng.integers(0, CONFIG.vocab_size, (2, 40), dtype=np.int32)
    targets = rng.integers(0, CONFIG.vocab_size, (2, 40), dtype=np.int32)
    embeddings = model.transformer.wte(torch.from_numpy(ids).long()).detach().requires_grad_()
    theirs = model(inputs_embeds=embeddings).logits
    ours = bind(CONFIG, params).logits(bind(CONFIG, params)(ids)[0])
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-4)
    their_loss = torch.nn.functional.cross_entropy(
        theirs.flatten(0, 1), torch.from_numpy(targets).long().flatten()
    )
    their_loss.backward()
    loss, gradient = input_gradients(params, CONFIG, ids, targets)
    assert float(loss) == pytest.approx(their_loss.item(), abs=1e-4)
    np.testing.assert_allclose(gradient, embeddings.grad.numpy(), atol=1e-5)
