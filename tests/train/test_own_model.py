"""The how-to of a model of one's own runs as it stands: rotary positions and Lion on a 2 x 2 x 2 mesh."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import read_documents
from clova_jax.sample import write_sample

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "own_model.md"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder in which the page's example has run, and its names."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    folder = tmp_path_factory.mktemp("own")
    write_sample(folder / "sample", megabytes=0.2)
    texts = [document.text for document in read_documents(folder / "sample")]
    train_tokenizer(texts, kind="byte", vocab_size=2048).save(folder / "tok")
    (folder / "own.py").write_text(code)
    result = subprocess.run([sys.executable, "own.py"], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder, runpy.run_path(str(folder / "own.py"), run_name="own")


def test_it_trains_and_loads(ran):
    folder, names = ran
    rows = [json.loads(line) for line in (folder / "rotary" / "metrics.jsonl").open()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == 20
    assert losses[-1] < losses[0]
    lm = LanguageModel.load(folder / "rotary" / "model", config_class=names["RotaryConfig"])
    assert lm.generate(["이 영화는"], max_new_tokens=4, temperature=0)[0] is not None
    with pytest.raises(ClovaError, match="RotaryDecoder"):
        LanguageModel.load(folder / "rotary" / "model")


def test_scores_depend_on_distance_alone(ran):
    """What rotary positions are for: the same text further on scores the same, given the same start."""
    from clova_jax.model import bind

    folder, names = ran
    lm = LanguageModel.load(folder / "rotary" / "model", config_class=names["RotaryConfig"])
    ids = np.arange(3, 11, dtype=np.int32)[None]
    decoder = bind(lm.config, lm.params)
    near, _ = decoder(ids, positions=np.arange(8)[None])
    far, _ = decoder(ids, positions=20 + np.arange(8)[None])
    np.testing.assert_allclose(near, far, atol=2e-4)


def test_the_same_call_goes_on_and_another_optimizer_does_not(ran):
    import optax

    from clova_jax.train.pretraining import pretrain

    folder, names = ran
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(ClovaError, match="own"):
            pretrain(
                names["options"], config=names["config"], optimizer=lambda rate: optax.sgd(rate)
            )


def test_nothing_is_left_on_one_device(ran):
    folder, _ = ran
    assert jax.device_count() >= 8
    assert json.loads((folder / "rotary" / "config.json").read_text())["mesh"] == [2, 2, 2]


def test_a_text_longer_than_the_model_is_refused(ran):
    import dataclasses

    from clova_jax.train.pretraining import pretrain

    folder, names = ran
    longer = dataclasses.replace(names["options"], length=65, out=folder / "longer")
    with pytest.raises(ClovaError, match="--length: 65 is above the 64 of your config"):
        pretrain(longer, config=names["config"])


def test_the_model_claims_no_named_size(ran):
    about = json.loads((ran[0] / "rotary" / "model" / "config.json").read_text())["about"]
    assert about["size"] is None
