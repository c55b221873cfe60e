"""lm-evaluation-harness over HTTP: the log-probabilities and answers of the adapter that has the model itself."""

import concurrent.futures
import random

import numpy as np
import pytest

from tests.studio.studio_world import make_model, running

pytestmark = pytest.mark.claims("services")  # they need lm-eval, and fail without it

WORDS = [
    "영화",
    "정말",
    "좋다",
    "별로",
    "배우",
    "연기",
    "옛날",
    "서울",
    "호랑이",
    "사람",
    "넓고",
    "많다",
    "뷁",
    "🙂",
    "the",
    "fox",
    "quick",
]
TASKS = {
    "reviews": ("리뷰: {}\n평가:", [" 긍정", " 부정"]),
    "topics": ("제목 {} (분류:", [" 정치)", " 사회)", " 문화)", " IT과학)"]),
}
ITEMS = 200


def items(name):
    """Contexts and their choices; some contexts end in a space, some are empty."""
    drawn = random.Random(name)
    pattern, choices = TASKS[name]
    contexts = [
        pattern.format(" ".join(drawn.choices(WORDS, k=drawn.randint(1, 12)))) for _ in range(ITEMS)
    ]
    contexts[0], contexts[1] = "", contexts[1] + " "
    return [(context, choice) for context in contexts for choice in choices], len(choices)


@pytest.fixture(scope="module")
def lm():
    return make_model(256)


class InThread:
    """Calls an object's methods in a thread of their own: the harness runs an event loop, and Playwright has one in ours."""

    def __init__(self, inner):
        self._inner, self._threads = inner, concurrent.futures.ThreadPoolExecutor(1)

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        return lambda *args, **options: self._threads.submit(method, *args, **options).result()


@pytest.fixture(scope="module")
def harness(lm, tmp_path_factory):
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    url = f"sqlite:///{tmp_path_factory.mktemp('harness')}/studio.db"
    with running(url, lm, slots=4) as server:
        api = LocalCompletionsAPI(
            base_url=f"{server.url}/v1/completions",
            model="tiny",
            tokenizer_backend="remote",
            max_length=256,
            batch_size=8,
            num_concurrent=2,
        )
        yield InThread(api)


def instances(kind, arguments):
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, one, number) for number, one in enumerate(arguments)]


@pytest.mark.parametrize("name", TASKS)
def test_log_probabilities_and_answers_of_200_items(harness, lm, name):
    from clova_jax.interop.lm_eval_model import ClovaLM

    pairs, choices = items(name)
    over_http = harness.loglikelihood(instances("loglikelihood", pairs), disable_tqdm=True)
    inside = ClovaLM(model=lm).loglikelihood(instances("loglikelihood", pairs), disable_tqdm=True)
    found, expected = (np.array([one[0] for one in side]) for side in (over_http, inside))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert [one[1] for one in over_http] == [one[1] for one in inside]
    answers = [side.reshape(-1, choices).argmax(1).tolist() for side in (found, expected)]
    assert answers[0] == answers[1]
    assert len(answers[0]) == ITEMS


def test_greedy_is_told_by_equal_floats(harness, lm):
    contexts = [context for context, _ in items("reviews")[0][4::2]]
    written = lm.generate(contexts, max_new_tokens=1, temperature=0)
    pairs = [
        (context, text)
        for context, text in zip(contexts, written, strict=True)
        if text.strip() == text != "" and "\ufffd" not in text
    ]
    found = harness.loglikelihood(instances("loglikelihood", pairs), disable_tqdm=True)
    assert pairs
    assert all(greedy for _, greedy in found)


def test_rolling_scores_and_free_text(harness, lm):
    from clova_jax.interop.lm_eval_model import ClovaLM

    own = ClovaLM(model=lm)
    texts = [("옛날 옛적에 호랑이가 살았다.",), ("서울은 넓고 사람이 많다. " * 12,)]
    kind = "loglikelihood_rolling"
    found = harness.loglikelihood_rolling(instances(kind, texts), disable_tqdm=True)
    expected = own.loglikelihood_rolling(instances(kind, texts), disable_tqdm=True)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-3)
    options = {"until": ["\n", "다."], "max_gen_toks": 12, "do_sample": False}
    asked = [("리뷰: 정말 좋다\n평가:", options), ("옛날", options)]
    free = harness.generate_until(instances("generate_until", asked), disable_tqdm=True)
    assert free == own.generate_until(instances("generate_until", asked), disable_tqdm=True)
