"""Defines the decoder and the encoder-decoder: Flax modules, parameters, loss, cache. The files behind are private to this room."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "attention": ["cached_attention", "causal_mask", "computed_share", "self_attention"],
        "attention_kernels": ["cudnn_attention", "splash_attention", "triton_attention"],
        "attention_path": ["AttentionPath", "causal_attention", "choose_path"],
        "cache": ["Cache", "Prefix"],
        "chat_template": ["ChatTemplate", "Message", "Role", "read_chat_template"],
        "decoder": ["Decoder", "default_dtype"],
        "derived": ["Derived"],
        "directory": [
            "claim_model",
            "directory_hash",
            "inference_shardings",
            "load_model",
            "model_directory",
            "read_about",
            "read_config",
            "save_model",
        ],
        "encoder_decoder": ["EncoderDecoder", "EncoderDecoderConfig", "equal_size"],
        "fingerprint": ["model_fingerprint", "weights_hash"],
        "finite": ["not_finite", "refuse_nan"],
        "loss": ["cross_entropy", "input_gradients", "weighted_loss"],
        "modules": [
            "Attend",
            "Attention",
            "Block",
            "LayerNorm",
            "Linear",
            "MLP",
            "layer_norm",
            "parameter",
        ],
        "params": [
            "Params",
            "Spec",
            "abstract_params",
            "bind",
            "check_saved",
            "decoder_class",
            "init_params",
            "param_shardings",
            "param_specs",
        ],
        "remote": ["check_model", "download_model"],
        "stack": ["Remat", "make_blocks", "run_blocks"],
    },
)
