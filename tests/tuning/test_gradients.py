"""Loss and gradient: against whole rows read from outside, and against PEFT."""

import jax
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Template
from clova_jax.inference.shapes import pad
from clova_jax.interop import from_hugging_face
from clova_jax.tuning import LoraConfig, PromptEncoderConfig, PromptTuningConfig, outside
from clova_jax.tuning.examples import Example
from clova_jax.tuning.inside import Inside
from clova_jax.tuning.methods.p_tuning import init_encoder
from clova_jax.tuning.outside import Outside

LSTM = PromptEncoderConfig(4, "LSTM", encoder_hidden_size=10)
MLP = PromptEncoderConfig(4, "MLP", encoder_hidden_size=10)


LABELS = ("yes", "n", "no")


def examples(template, lm, labels=()):
    """Rows of unequal length, targets of one to three tokens."""
    after = template.ids(lm.tokenizer, lm.config.vocab_size)[1]
    pairs = [("a text", "yes"), ("b", "n"), ("and a longer one", "no")]
    return [
        Example(
            tuple(lm.tokenizer.encode(a) + after),
            tuple(lm.tokenizer.encode(b)),
            tuple(tuple(lm.tokenizer.encode(label)) for label in labels if label != b),
        )
        for a, b in pairs
    ]


def assert_close(ours, theirs, tolerance=1e-5):
    for (path, a), b in zip(
        jax.tree_util.tree_leaves_with_path(ours), jax.tree.leaves(theirs), strict=True
    ):
        scale = max(1e-3, float(np.abs(b).max()))
        np.testing.assert_allclose(a, b, atol=tolerance * scale, err_msg=jax.tree_util.keystr(path))


@pytest.mark.parametrize(
    ("config", "pattern", "labels"),
    [
        (LSTM, "ab [P]*2 c {text} [P]*2", LABELS),
        (MLP, "{text} [P]*4", ()),
        pytest.param(LSTM, "ab [P]*2 c {text} [P]*2", (), marks=pytest.mark.slow),
        pytest.param(MLP, "{text} [P]*4", LABELS, marks=pytest.mark.slow),
    ],
)
def test_shared_and_frozen_parts_change_neither_loss_nor_gradient(lm, config, pattern, labels):
    template = Template.parse(pattern)
    encoder = init_encoder(config, lm.config.embed_dim, seed=3)
    rows = examples(template, lm, labels)
    loss, gradient = Inside(lm, config.method(), template)(encoder, rows)
    # From outside nothing is shared: every row is read whole, by a function torch agrees with.
    expected, gradients = Outside(lm, config.method(), template)(encoder, rows)
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)
    assert_close(gradient, gradients)


class Limited:
    """Offers the input gradients of a model as a Studio does: some rows a call."""

    def __init__(self, lm):
        self.lm, self.tokenizer, self.config, self.calls = lm, lm.tokenizer, lm.config, 0

    def input_gradients(self, ids, targets, **options):
        """Refuses more rows than a Studio takes."""
        if len(ids) > 1024:
            raise ClovaError("more than 1,024 rows")
        self.calls += 1
        return self.lm.input_gradients(ids, targets, **options)


def test_more_labels_than_a_studio_takes_rows_are_asked_in_several_calls(lm, monkeypatch):
    template = Template((2,), (2,))
    after = template.ids(lm.tokenizer, lm.config.vocab_size)[1]
    labels = [tuple(lm.tokenizer.encode(f"{n}")) for n in range(40)]
    batch = [
        Example((*[97] * (1 + n // 4), *after), labels[n], tuple(labels[:n] + labels[n + 1 :]))
        for n in range(30)
    ]
    method, vectors = MLP.method(), init_encoder(MLP, lm.config.embed_dim, seed=3)
    limited = Limited(lm)
    loss, gradient = Outside(limited, method, template)(vectors, batch)
    assert limited.calls == 2
    monkeypatch.setattr(outside, "GRADIENT_ROWS", 2000)
    whole, wanted = Outside(lm, method, template)(vectors, batch)
    assert float(loss) == pytest.approx(float(whole), rel=1e-6)
    assert_close(gradient, wanted)


def test_words_before_the_first_virtual_token_are_read_once(lm):
    template = Template.parse("ab [P]*2 {text} [P]*2")
    inside = Inside(lm, MLP.method(), template)
    assert int(inside.frozen.length) == 2
    assert inside.before == [257, 258]


def test_lora_starts_as_the_model_itself(lm):
    method = LoraConfig(r=2, target_modules=("qkv", "out", "up", "down")).method()
    trainable = method.init(lm, seed=0)
    params = method.params(lm.params, trainable)
    for a, b in zip(jax.tree.leaves(params), jax.tree.leaves(lm.params), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = examples(Template(), lm)
    _, gradient = Inside(lm, method, Template())(trainable, rows)
    assert all(np.abs(pair["b"]).max() > 0 for pair in gradient.values())


@pytest.mark.parametrize("init", ["RANDOM", "SAMPLE_VOCAB", "TEXT"])
def test_where_prompt_tuning_starts(lm, init):
    text = "yes" if init == "TEXT" else ""
    config = PromptTuningConfig(5, init, text)
    start = np.asarray(config.method().init(lm, seed=1)["embedding"])
    table = np.asarray(lm.params["embedding"])
    if init == "TEXT":
        np.testing.assert_array_equal(start, table[lm.tokenizer.encode("yesye")])
    known = [(row == table).all(axis=1).any() for row in start]
    assert all(known) is (init != "RANDOM")


def test_input_gradients_of_virtual_tokens_say_what_is_wrong(lm):
    with pytest.raises(ClovaError, match="outside 0..258"):
        lm.input_gradients([[259]], [[1]], virtual=np.zeros((2, 32)))
    with pytest.raises(ClovaError, match="wants rows of 32 finite numbers"):
        lm.input_gradients([[257]], [[1]], virtual=np.zeros((2, 3)))
    with pytest.raises(ClovaError, match="no target counts"):
        lm.input_gradients([[1]], [[1]], loss_mask=[[0]])
    with pytest.raises(ClovaError, match="outside 0..256"):
        lm.input_gradients([[257]], [[1]])


def peft_encoder(torch, config, width):
    from peft import PromptEncoder
    from peft import PromptEncoderConfig as Theirs

    return PromptEncoder(
        Theirs(
            task_type="CAUSAL_LM",
            num_virtual_tokens=config.num_virtual_tokens,
            token_dim=width,
            num_transformer_submodules=1,
            num_attention_heads=2,
            num_layers=2,
            encoder_reparameterization_type=config.encoder_reparameterization_type,
            encoder_hidden_size=config.encoder_hidden_size,
        )
    )


def from_peft(encoder):
    """PEFT's weights in our layout."""
    given = {name: tensor.detach().numpy() for name, tensor in encoder.state_dict().items()}
    ours = {"embedding": given["embedding.weight"]}
    sides = ("", "_reverse")
    layers = sorted({name.split("_l")[-1][0] for name in given if "lstm_head.weight_ih" in name})
    if layers:
        ours["lstm"] = {
            n: {
                "kernel": np.stack([given[f"lstm_head.weight_ih_l{n}{s}"].T for s in sides]),
                "recurrent": np.stack([given[f"lstm_head.weight_hh_l{n}{s}"].T for s in sides]),
                "bias": np.stack(
                    [
                        given[f"lstm_head.bias_ih_l{n}{s}"] + given[f"lstm_head.bias_hh_l{n}{s}"]
                        for s in sides
                    ]
                ),
            }
            for n in layers
        }
    heads = sorted({name.split(".")[1] for name in given if name.startswith("mlp_head")})
    ours["mlp"] = {
        str(i): {"kernel": given[f"mlp_head.{n}.weight"].T, "bias": given[f"mlp_head.{n}.bias"]}
        for i, n in enumerate(heads)
    }
    return ours


@pytest.mark.peers
@pytest.mark.parametrize("labels", [(), LABELS], ids=["texts", "labels"])
@pytest.mark.parametrize("config", [LSTM, MLP])
def test_loss_and_gradients_equal_peft_on_gpt2(lm, config, labels, tmp_path):
    import peft
    import torch
    import transformers

    torch.manual_seed(1)
    gpt2 = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=257,
            n_positions=96,
            n_embd=32,
            n_layer=2,
            n_head=2,
            initializer_range=0.2,
            bos_token_id=0,
            eos_token_id=0,
        )
    ).eval()
    gpt2.save_pretrained(tmp_path)
    lm = from_hugging_face(tmp_path, lm.tokenizer)
    theirs = peft.get_peft_model(
        gpt2,
        peft.PromptEncoderConfig(
            task_type="CAUSAL_LM",
            num_virtual_tokens=config.num_virtual_tokens,
            encoder_reparameterization_type=config.encoder_reparameterization_type,
            encoder_hidden_size=config.encoder_hidden_size,
        ),
    ).eval()
    encoder = theirs.prompt_encoder["default"]
    ours = from_peft(encoder)
    template = Template((config.num_virtual_tokens,))
    rows = examples(template, lm, labels)
    loss, gradient = Inside(lm, config.method(), template)(ours, rows)

    def likelihoods(targets):
        """Theirs: float[rows], the sum over each row's target."""
        whole = [[*row.context, *target] for row, target in zip(rows, targets, strict=True)]
        longest = max(map(len, whole))
        mask = pad([[1] * len(ids) for ids in whole], len(rows), longest)
        found = theirs(
            input_ids=torch.from_numpy(pad(whole, len(rows), longest)).long(),
            attention_mask=torch.from_numpy(mask).long(),
        )
        scores = found.logits[:, config.num_virtual_tokens :].log_softmax(-1)
        sums = []
        for row, (example, target) in enumerate(zip(rows, targets, strict=True)):
            where = torch.arange(len(target)) + len(example.context) - 1
            sums.append(scores[row, where, torch.tensor(target)].sum())
        return torch.stack(sums)

    gold = likelihoods([row.target for row in rows])
    if labels:
        others = [likelihoods([row.others[n] for row in rows]) for n in range(2)]
        expected = -torch.stack([gold, *others], 1).log_softmax(1)[:, 0].mean()
    else:
        expected = -gold.sum() / sum(len(row.target) for row in rows)
    expected.backward()
    assert float(loss) == pytest.approx(expected.item(), abs=1e-4)
    wanted = encoder.embedding.weight.grad.numpy()
    assert np.abs(wanted).max() > 0
    np.testing.assert_allclose(gradient["embedding"], wanted, atol=1e-4 * np.abs(wanted).max())
    heads = [m for m in encoder.mlp_head if hasattr(m, "weight")]
    for number, head in enumerate(heads):
        wanted = head.weight.grad.numpy().T
        np.testing.assert_allclose(
            gradient["mlp"][str(number)]["kernel"], wanted, atol=1e-4 * np.abs(wanted).max()
        )
