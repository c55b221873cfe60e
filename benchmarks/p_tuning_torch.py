"""Makes the peers of `benchmarks.p_tuning`: PEFT's p-tuning and full fine-tuning in torch."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.p_tuning_weights import HIDDEN, TARGET, VIRTUAL, resident, weights
from benchmarks.torch_gpt2 import gpt2
from clova_jax.config import ModelConfig


def torch_model(config: ModelConfig, seed: int) -> tuple[float, Any]:
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.zeros(1)
    start = resident()
    model = gpt2(config)
    tensor, width, layers = weights(seed), config.embed_dim, config.num_layers
    names = {
        "attn.c_attn": ("blocks.attn.qkv.kernel", (layers, width, 3, config.num_heads, -1)),
        "attn.c_proj": ("blocks.attn.out.kernel", (layers, config.num_heads, -1, width)),
        "mlp.c_fc": ("blocks.mlp.up.kernel", (layers, width, 4 * width)),
        "mlp.c_proj": ("blocks.mlp.down.kernel", (layers, 4 * width, width)),
    }
    with torch.no_grad():
        for name, shape in (("wte", config.vocab_size), ("wpe", config.max_length)):
            ours = {"wte": "embedding", "wpe": "positions"}[name]
            getattr(model.transformer, name).weight.copy_(
                torch.from_numpy(tensor(ours, (shape, width)))
            )
        for name, (ours, shape) in names.items():
            shape = tuple(config.head_dim if n == -1 else n for n in shape)
            values = tensor(ours, shape)
            for layer, block in enumerate(model.transformer.h):
                place = block.get_submodule(name).weight
                place.copy_(torch.from_numpy(values[layer].reshape(tuple(place.shape))))
    return start, model


def torch_step(model: Any, ids: np.ndarray) -> Callable[[], float]:
    """Returns a step of AdamW without decay after clipping, as ours."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=1e-4, betas=(0.9, 0.999), weight_decay=0.0, fused=True
    )
    inputs = torch.from_numpy(ids).long()
    labels = inputs.clone()
    labels[:, :-TARGET] = -100
    mask = torch.ones_like(inputs)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = model(input_ids=inputs, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return float(loss.detach())

    return step


def peft(config: ModelConfig, ids: np.ndarray, seed: int) -> tuple[float, Callable[[], float]]:
    from peft import PromptEncoderConfig, get_peft_model

    start, model = torch_model(config, seed)
    width = config.embed_dim
    tuned = get_peft_model(
        model,
        PromptEncoderConfig(
            task_type="CAUSAL_LM",
            num_virtual_tokens=VIRTUAL,
            encoder_reparameterization_type="LSTM",
            encoder_hidden_size=HIDDEN,
        ),
    )
    encoder, tensor = tuned.prompt_encoder["default"], weights(1)

    def put(parameter: Any, values: np.ndarray) -> None:
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))

    with torch.no_grad():
        put(encoder.embedding.weight, tensor("embedding", (VIRTUAL, width)))
        for layer, inputs in enumerate((width, 2 * HIDDEN)):
            for ours, theirs, rows in (
                ("kernel", "weight_ih", inputs),
                ("recurrent", "weight_hh", HIDDEN),
            ):
                values = tensor(f"lstm.{layer}.{ours}", (2, rows, 4 * HIDDEN))
                for side, name in enumerate(("", "_reverse")):
                    put(getattr(encoder.lstm_head, f"{theirs}_l{layer}{name}"), values[side].T)
            biases = tensor(f"lstm.{layer}.bias", (2, 4 * HIDDEN))
            for side, name in enumerate(("", "_reverse")):
                put(getattr(encoder.lstm_head, f"bias_ih_l{layer}{name}"), biases[side])
                getattr(encoder.lstm_head, f"bias_hh_l{layer}{name}").zero_()
        heads = [module for module in encoder.mlp_head if hasattr(module, "weight")]
        for number, head in enumerate(heads):
            outputs, inputs = head.weight.shape
            put(head.weight, tensor(f"mlp.{number}.kernel", (inputs, outputs)).T)
            put(head.bias, tensor(f"mlp.{number}.bias", (outputs,)))
    return start, torch_step(tuned, ids)


def whole_torch(config: ModelConfig, ids: np.ndarray, seed: int) -> tuple[float, Any]:
    start, model = torch_model(config, seed)
    return start, torch_step(model, ids)
