"""Makes the peer of the training benchmarks: `transformers` GPT-2 of a shape of ours, without dropout."""

from transformers import GPT2Config, GPT2LMHeadModel

from clova_jax.config import ModelConfig


def gpt2(config: ModelConfig) -> GPT2LMHeadModel:
    """Makes a model of that shape with torch's scaled-dot-product attention, float32."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.max_length,
            n_embd=config.embed_dim,
            n_layer=config.num_layers,
            n_head=config.num_heads,
            bos_token_id=0,
            eos_token_id=0,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            use_cache=False,
            attn_implementation="sdpa",
        )
    )
