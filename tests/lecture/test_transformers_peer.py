"""Blocks against torch's `nn.Transformer` and transformers' BERT and ViT: the same weights give the same values."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax import lecture
from clova_jax.config import ModelConfig
from clova_jax.model import (
    Cache,
    EncoderDecoderConfig,
    bind,
    causal_mask,
    init_params,
    run_blocks,
    self_attention,
)

pytestmark = pytest.mark.peers

SIZES = {"num_layers": 3, "embed_dim": 48, "num_heads": 4, "vocab_size": 60, "max_length": 40}
RANDOM = np.random.default_rng(0)


def far_from_the_start(config):
    """Parameters that no start has: biases and scales are random too."""
    return jax.tree.map(
        lambda x: jnp.asarray(x + 0.1 * RANDOM.standard_normal(x.shape, np.float32)),
        init_params(config, 0),
    )


def linear(part, rows):
    """Returns weight and bias as torch has them: outputs are rows."""
    kernel = np.asarray(part["kernel"]).reshape(rows, -1)
    return kernel.T, np.asarray(part["bias"]).reshape(-1)


def norm(part):
    return part["scale"], part["bias"]


def load(module, pairs, others=()):
    """Puts weights and biases, and parameters of other names, into a torch module; it must have these and no others."""
    import torch

    state = dict(others)
    for name, pair in pairs.items():
        between = "_" if name.endswith("in_proj") else "."  # a parameter of its layer
        kinds = zip(("weight", "bias"), pair, strict=False)
        state |= {f"{name}{between}{kind}": value for kind, value in kinds}
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    assert set(tensors) == {name for name, _ in module.named_parameters()}
    module.load_state_dict(tensors, strict=False)  # buffers stay
    return module.eval()


def attention(part, names, width):
    """Returns query, key and value apart, and the projection back."""
    kernel, bias = np.asarray(part["qkv"]["kernel"]), np.asarray(part["qkv"]["bias"])
    pairs = [(kernel[:, i].reshape(width, -1).T, bias[i].reshape(-1)) for i in range(3)]
    return dict(zip(names, [*pairs, linear(part["out"], width)], strict=True))


def torch_attention(part, name, width):
    """Returns the weights of an `nn.MultiheadAttention`."""
    return {
        f"{name}.in_proj": linear(part["qkv"], width),
        f"{name}.out_proj": linear(part["out"], width),
    }


def torch_layer(block, width, cross=False):
    """Returns the weights of a layer of `nn.Transformer`."""
    found = torch_attention(block["attn"], "self_attn", width) | {
        "norm1": norm(block["ln_1"]),
        "norm3" if cross else "norm2": norm(block["ln_2"]),
        "linear1": linear(block["mlp"]["up"], width),
        "linear2": linear(block["mlp"]["down"], 4 * width),
    }
    if cross:
        found |= torch_attention(block["cross"], "multihead_attn", width)
        found["norm2"] = norm(block["ln_source"])
    return found


def layers(blocks):
    count = len(jax.tree.leaves(blocks)[0])
    return [jax.tree.map(lambda x, i=i: x[i], blocks) for i in range(count)]


def tanh_gelu():
    import torch

    return functools.partial(torch.nn.functional.gelu, approximate="tanh")


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("config_class", [ModelConfig, lecture.PostNormConfig])
@pytest.mark.parametrize("causal", [True, False])
def test_pre_and_post_norm_blocks_equal_torch_encoder_layers(config_class, causal):
    import torch

    config = config_class(**SIZES)
    width, heads = config.embed_dim, config.num_heads
    params = far_from_the_start(config)
    x = RANDOM.standard_normal((2, 17, width), np.float32)
    mask = causal_mask(17) if causal else jnp.ones((1, 1, 1, 17), bool)
    attend = functools.partial(self_attention, mask=mask, causal=causal)
    ours = run_blocks(bind(config, params).blocks, x, attend, jnp.arange(17)[None])
    theirs = torch.from_numpy(x)
    unseen = torch.triu(torch.ones(17, 17, dtype=torch.bool), 1) if causal else None
    for block in layers(params["blocks"]):
        layer = torch.nn.TransformerEncoderLayer(
            width,
            heads,
            4 * width,
            0.0,
            tanh_gelu(),
            batch_first=True,
            norm_first=config_class is ModelConfig,
        )
        theirs = load(layer, torch_layer(block, width))(theirs, src_mask=unseen)
    close(ours, theirs)


def test_the_encoder_decoder_equals_torch_transformer():
    import torch

    config = EncoderDecoderConfig(**SIZES, encoder_layers=2)
    width = config.embed_dim
    params = far_from_the_start(config)
    model = bind(config, params)
    sources = RANDOM.integers(0, 60, (2, 19)).astype(np.int32)
    targets = RANDOM.integers(0, 60, (2, 13)).astype(np.int32)
    lengths = np.array([19, 11], np.int32)
    ours, _ = model.decode(targets, model.encode(sources, lengths), Cache.empty(config, 2, 0))
    peer = torch.nn.Transformer(
        width, config.num_heads, 2, 3, 4 * width, 0.0, tanh_gelu(), batch_first=True,
        norm_first=True,
    )  # fmt: skip
    tensors = {"encoder.norm": norm(params["ln_encoder"]), "decoder.norm": norm(params["ln_f"])}
    for side, blocks in (("encoder", params["encoder"]), ("decoder", params["blocks"])):
        for number, block in enumerate(layers(blocks)):
            found = torch_layer(block, width, cross=side == "decoder")
            tensors |= {f"{side}.layers.{number}.{name}": pair for name, pair in found.items()}
    load(peer, tensors)
    padding = torch.from_numpy(np.arange(19) >= lengths[:, None])
    given = [torch.from_numpy(np.array(model.embed(ids, None, None, jnp.float32)))
             for ids in (sources, targets)]  # fmt: skip
    theirs = peer(
        *given,
        tgt_mask=torch.triu(torch.ones(13, 13, dtype=torch.bool), 1),
        src_key_padding_mask=padding,
        memory_key_padding_mask=padding,
    )
    close(ours, theirs)


def test_bert_equals_transformers_bert_model():
    import torch
    import transformers

    config = lecture.BertConfig(**SIZES)
    width = config.embed_dim
    params = far_from_the_start(config)
    peer = transformers.BertModel(
        transformers.BertConfig(
            vocab_size=config.vocab_size,
            hidden_size=width,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            intermediate_size=4 * width,
            max_position_embeddings=config.max_length,
        )
    )
    tensors = {
        "embeddings.word_embeddings": (params["embedding"],),
        "embeddings.position_embeddings": (params["positions"],),
        "embeddings.token_type_embeddings": (params["sentences"],),
        "embeddings.LayerNorm": norm(params["ln_embed"]),
        "pooler.dense": linear(params["pooler"], width),
    }
    places = "attention.self.query", "attention.self.key", "attention.self.value"
    for number, block in enumerate(layers(params["blocks"])):
        found = attention(block["attn"], (*places, "attention.output.dense"), width) | {
            "attention.output.LayerNorm": norm(block["ln_1"]),
            "intermediate.dense": linear(block["mlp"]["up"], width),
            "output.dense": linear(block["mlp"]["down"], 4 * width),
            "output.LayerNorm": norm(block["ln_2"]),
        }
        tensors |= {f"encoder.layer.{number}.{name}": pair for name, pair in found.items()}
    load(peer, tensors)
    ids = RANDOM.integers(0, 60, (2, 21)).astype(np.int32)
    sentences = (np.arange(21) > 9).astype(np.int32)[None].repeat(2, 0)
    inside = np.arange(21) < np.array([[21], [14]])
    model = bind(config, params)
    ours = model.encode(ids, inside.astype(np.int32), sentences=sentences)
    theirs = peer(
        *(torch.from_numpy(one.astype(np.int64)) for one in (ids, inside, sentences)),
    )
    close(ours[0], theirs.last_hidden_state[0])
    close(ours[1, :14], theirs.last_hidden_state[1, :14])
    close(model.pooled(ours), theirs.pooler_output)


def test_vit_equals_transformers_vit_model():
    import torch
    import transformers

    sizes = SIZES | {"vocab_size": 7, "max_length": 17}
    config = lecture.ViTConfig(**sizes, patch_dim=4 * 4 * 3)
    width = config.embed_dim
    params = far_from_the_start(config)
    peer = transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=width,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            intermediate_size=4 * width,
            image_size=16,
            patch_size=4,
        ),
        add_pooling_layer=False,
    )
    # Theirs is a convolution: its kernel has channels before rows and columns.
    kernel = np.asarray(params["patch"]["kernel"]).reshape(4, 4, 3, width).transpose(3, 2, 0, 1)
    others = {
        "embeddings.cls_token": params["first"][None, None],
        "embeddings.position_embeddings": params["positions"][None],
    }
    tensors = {
        "embeddings.patch_embeddings.projection": (kernel, params["patch"]["bias"]),
        "layernorm": norm(params["ln_f"]),
    }
    for number, block in enumerate(layers(params["blocks"])):
        names = (f"attention.{name}_proj" for name in "qkvo")
        found = attention(block["attn"], names, width) | {
            "layernorm_before": norm(block["ln_1"]),
            "layernorm_after": norm(block["ln_2"]),
            "mlp.fc1": linear(block["mlp"]["up"], width),
            "mlp.fc2": linear(block["mlp"]["down"], 4 * width),
        }
        tensors |= {f"layers.{number}.{name}": pair for name, pair in found.items()}
    load(peer, tensors, others)
    pictures = RANDOM.standard_normal((2, 16, 16, 3), np.float32)
    ours = bind(config, params).encode(lecture.cut_patches(pictures, 4))
    theirs = peer(torch.from_numpy(pictures.transpose(0, 3, 1, 2))).last_hidden_state
    close(ours, theirs)
