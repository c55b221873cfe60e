"""Aligns a model: with instructions (`instructions`), and with preferences: DPO on pairs, or a reward model and RLOO.

pairs, cut = encode_pairs(lm, read_preferences("pairs.jsonl"))
aligned = align(lm, pairs, PreferenceConfig(beta=0.1), TuneOptions(steps=200, learning_rate=1e-5))
aligned.model.save("runs/aligned")
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["instructions"],
    submod_attrs={
        "best_of": ["best_of", "best_of_kl"],
        "config": ["PreferenceConfig"],
        "divergence": ["Sampled", "sample_texts", "sequence_kl"],
        "dpo": ["DpoGradient", "dpo_loss"],
        "pairs": ["Pair", "Preference", "encode_pairs", "read_preferences", "write_preferences"],
        "reward": ["RewardModel", "train_reward"],
        "rloo": ["PromptBatches", "Reward", "RlooGradient", "leave_one_out"],
        "run": ["Aligned", "align"],
    },
)
