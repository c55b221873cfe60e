"""DPO against TRL's trainer: loss, gradients and figures of the same exported weights and pairs."""

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.align import Preference, PreferenceConfig, encode_pairs
from clova_jax.align.dpo import DpoGradient
from clova_jax.interop import from_hugging_face, to_hugging_face
from clova_jax.model import init_params
from clova_jax.tuning import FineTuningConfig

PAIRS = [
    Preference("이 영화는", " 처음부터 끝까지 재미있다", " 졸렸다"),
    Preference("연기가", " 좋다", " 나쁘고 대사도 어색하다"),
    Preference("음악은 정말", " 아름답다", " 아름답지 않다"),
    Preference("결말", "이 놀랍다", " 없는 영화"),
]
FIGURES = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies")
FIGURES += ("logps/chosen", "logps/rejected")

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A reference and a policy of other weights, exported with their tokenizer."""
    folder = tmp_path_factory.mktemp("models")
    texts = [one.prompt + text for one in PAIRS for text in (one.chosen, one.rejected)]
    tokenizer = train_tokenizer(texts * 3, kind="byte", vocab_size=300)
    config = ModelConfig(2, 32, 2, vocab_size=tokenizer.vocab_size, max_length=64)
    made = []
    for seed, name in enumerate(("reference", "policy")):
        params = jax.tree.map(
            lambda x, random=np.random.default_rng(seed): (
                np.asarray(x) + 0.05 * random.standard_normal(x.shape, np.float32)
            ),
            init_params(config, seed),
        )
        made.append(LanguageModel(config, params, tokenizer, dtype=np.float32))
        to_hugging_face(made[-1], folder / name)
    return folder, *made


def trl_step(folder, beta):
    """Returns loss, gradients (laid out as our parameters) and figures of TRL's trainer."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    policy, reference = (
        AutoModelForCausalLM.from_pretrained(folder / name).eval()
        for name in ("policy", "reference")
    )
    tokenizer = AutoTokenizer.from_pretrained(folder / "policy")
    tokenizer.pad_token = tokenizer.eos_token
    # An exported tokenizer reads `<|endoftext|>` in a text as letters; TRL ends each answer with it as text.
    tokenizer.split_special_tokens = False
    rows = [{"prompt": p.prompt, "chosen": p.chosen, "rejected": p.rejected} for p in PAIRS]
    config = DPOConfig(
        str(folder / "trl"),
        beta=beta,
        loss_type="sigmoid",
        per_device_train_batch_size=len(PAIRS),
        bf16=False,
        use_cpu=True,
        report_to=[],
    )
    trainer = DPOTrainer(
        policy, reference, config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    (batch,) = trainer.get_train_dataloader()
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    figures = {name: np.mean(trainer._metrics["eval"][name]) for name in FIGURES}
    with torch.no_grad():  # the gradients take the road of weights back to our layout
        for weight in policy.parameters():
            weight.copy_(weight.grad)
    policy.save_pretrained(folder / "gradients")
    tokenizer.save_pretrained(folder / "gradients")
    return loss.item(), from_hugging_face(folder / "gradients").params, figures


@pytest.mark.parametrize("beta", [0.1, 0.7])  # TRL's sigmoid loss knows no label smoothing
def test_loss_and_gradients_are_those_of_trl(models, beta):
    folder, reference, policy = models
    pairs, cut = encode_pairs(reference, PAIRS)
    assert cut == 0
    config = PreferenceConfig(beta=beta)
    ours = DpoGradient(reference, FineTuningConfig().method(), config, pairs, pairs, len(pairs))
    loss, gradients = ours(policy.params, pairs)
    expected, theirs, figures = trl_step(folder, beta)
    assert float(loss) == pytest.approx(expected, abs=1e-4)
    for (path, a), b in zip(
        jax.tree_util.tree_leaves_with_path(gradients), jax.tree.leaves(theirs), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=jax.tree_util.keystr(path))
    assert max(float(np.abs(g).max()) for g in jax.tree.leaves(gradients)) > 1e-2
    found = ours.figures(policy.params, pairs)
    for name, value in figures.items():
        assert found[name] == pytest.approx(value, abs=1e-4 * max(1, abs(value))), name
