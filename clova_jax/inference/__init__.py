"""Scores and writes text: functions of a `Model`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "arguments": ["id_row", "id_rows", "mask_rows"],
        "branches": ["score_continuations"],
        "choices": ["choice_logprobs", "one_pass"],
        "completion": ["Completion", "complete", "generate"],
        "engine": ["Engine"],
        "model": ["Model"],
        "prefix_cache": ["BLOCK", "TIMES"],
        "request": ["Cancelled", "EngineClosed", "QueueFull", "Request"],
        "sampling": ["MOST_BIASES", "Sampling"],
        "scoring": [
            "prefill_prefix",
            "TokenScores",
            "score",
            "score_choices",
            "score_ids",
            "score_tokens",
            "split_ids",
        ],
        "shapes": ["BATCH_TOKENS", "Batch", "batches", "bucket", "pad"],
        "soft_prompt": ["SoftPrompt", "Template"],
    },
)
