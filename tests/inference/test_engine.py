"""The engine: equal to solo runs under any load, streams, cancels, refuses, leaves nothing behind."""

import random
import subprocess
import sys
import threading

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Cancelled, Engine, QueueFull
from clova_jax.inference.completion import make_sampling, start
from clova_jax.inference.decoders import LayeredDecoder
from clova_jax.inference.prefix_cache import BlockPrefill, PrefixCache
from clova_jax.inference.sampling import seed_key
from clova_jax.inference.slot_groups import SlotGroups

PROMPTS = ["가", "옛날 옛적에 호랑이가", "a", "the quick brown fox jumps", "서울은"]
OPTIONS = [
    {"temperature": 0},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 1.5, "top_k": 20, "min_p": 0.01},
    {"temperature": 0.8, "repetition_penalty": 1.3, "stop": ["e", "\n"]},
]


def job(number):
    chosen = random.Random(number)
    options = chosen.choice(OPTIONS) | {"max_new_tokens": chosen.randint(1, 30)}
    return {"prompt": chosen.choice(PROMPTS), "seed": chosen.randint(0, 9), **options}


@pytest.fixture(scope="module")
def engine(model):
    with Engine(model, slots=4, size=128, waiting=600) as made:
        yield made


def test_pieces_add_up_to_the_text(engine):
    request = engine.submit("가", seed=1, max_new_tokens=40)
    pieces = list(request)
    assert "".join(pieces) == request.result().text
    assert len(pieces) > 1
    assert list(request) == []


def test_requests_equal_their_solo_runs_under_load(engine):
    """500 mixed requests of 32 threads, a fifth of them cancelled midway."""
    solo = {}
    for number in range(60):
        one = job(number)
        solo[number] = engine.submit(**one).result()
    found, errors, lock = {}, [], threading.Lock()
    before = threading.active_count()

    def client(first):
        for call in range(first, 500, 32):
            try:
                request = engine.submit(**job(call % 60))
                if call % 5 == 0:
                    stream = iter(request)
                    next(stream, None)
                    request.cancel()
                try:
                    done = request.result(timeout=300)
                except Cancelled:
                    assert call % 5 == 0
                    continue
                with lock:
                    found[call] = done
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=client, args=(first,)) for first in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(found) >= 400
    for call, done in found.items():
        assert done == solo[call % 60], job(call % 60)
    assert engine.load == (0, 0)
    assert engine._slots.free == 4
    assert threading.active_count() == before


def test_a_text_has_the_same_bits_in_any_group_and_beside_any_others(model, monkeypatch):
    """Prompts and texts of one block and of several, in three groups of two rows."""
    monkeypatch.setattr(LayeredDecoder, "group", 2)
    jobs = [
        {"prompt": [65 + n] * length, "seed": n, "logprobs": 3, **options}
        for n, (length, options) in enumerate(
            [(1, {}), (63, {"top_p": 0.8}), (64, {"temperature": 0}), (65, {}), (120, {"top_k": 9}), (5, {})]
        )
    ]  # fmt: skip
    with Engine(model, slots=6, size=160) as engine:
        assert len(engine._slots.groups) == 3
        solo = [engine.submit(**one, max_new_tokens=35).result() for one in jobs]
        for order in (range(6), reversed(range(6))):
            running = {n: engine.submit(**jobs[n], max_new_tokens=35) for n in order}
            for n, request in running.items():
                assert request.result() == solo[n]  # with its log-probabilities, to the last bit
        assert engine._slots.free == 6


def test_texts_join_the_fullest_group(model, monkeypatch):
    monkeypatch.setattr(LayeredDecoder, "group", 2)
    groups = SlotGroups(model, 5, 64)
    prefill = BlockPrefill(model, 64, PrefixCache(0))
    prefill.begin([65])
    texts = []
    for _ in range(4):
        text = start(model, [65], make_sampling({}), seed_key(0), 64, "prompt")
        groups.seat(text, prefill.prefilled())
        texts.append(text)
    assert [group.used for group in groups.groups] == [2, 2, 0]
    groups.cancel(texts[0])
    groups.seat(texts[0], prefill.prefilled())
    assert [group.used for group in groups.groups] == [2, 2, 0]
    assert groups.free == 1


def test_the_queue_has_a_bound(model):
    with Engine(model, slots=4, size=128, waiting=3) as engine:
        running = []
        with pytest.raises(QueueFull, match="3 requests wait already"):
            for _ in range(100):
                running.append(engine.submit("가", max_new_tokens=100, temperature=0))
        for request in running:
            request.cancel()
        for request in running:
            with pytest.raises(Cancelled):
                request.result(timeout=60)
        assert engine.generate("가", max_new_tokens=3, temperature=0)
        last = engine.submit("가", max_new_tokens=100, temperature=0)
    with pytest.raises(ClovaError, match="closed"):
        last.result()
    with pytest.raises(ClovaError, match="the engine is closed"):
        engine.submit("가")


def test_mistakes_are_named_at_once(engine):
    with pytest.raises(ClovaError, match="temperature=-1"):
        engine.submit("가", temperature=-1)
    with pytest.raises(ClovaError, match="logprobs=9: this engine gives up to 5"):
        engine.submit("가", logprobs=9)
    with pytest.raises(ClovaError, match="leave no room in a context of 128"):
        engine.submit("가" * 60)


def test_a_failure_reaches_whoever_waits(model, monkeypatch):
    engine = Engine(model, slots=4, size=128)
    monkeypatch.setattr(engine._slots, "advance", lambda *_: 1 // 0)
    request = engine.submit("가")
    with pytest.raises(ZeroDivisionError):
        request.result(timeout=60)
    with pytest.raises(ZeroDivisionError):
        list(request)
    with pytest.raises(ClovaError, match="closed"):
        engine.submit("가")
    engine.close()


def test_arguments_of_a_wrong_kind_are_named_at_once(engine, model):
    for prompt in (None, 5, [1.5], [[1]], [257], b"a"):
        with pytest.raises(ClovaError, match="prompt 0"):
            engine.submit(prompt)
    for seed in (1.5, "1", [1], 2**70):
        with pytest.raises(ClovaError, match="seed="):
            engine.submit("가", seed=seed)
    for options in ({"slots": 0}, {"slots": 1.5}, {"size": 0}, {"waiting": 0}):
        with pytest.raises(ClovaError, match=next(iter(options))):
            Engine(model, **options)


EXITS = """
import sys
from clova_jax.config import ModelConfig
from clova_jax.inference import Engine, Model
from clova_jax.model import init_params

class Bytes:
    kind, vocab_size, end_of_text = "bytes", 257, 256
    def encode_batch(self, texts):
        return [list(text.encode()) for text in texts]
    def decode_bytes(self, ids):
        return bytes(i for i in ids if i < 256)

config = ModelConfig(1, 16, 2, vocab_size=257, max_length=4096)
lm = Model(config, init_params(config, 0), Bytes(), dtype="float32")
engines = [Engine(lm, slots=2) for _ in range(2)]
requests = [engine.submit("a", max_new_tokens=4000, seed=1) for engine in engines]
next(iter(requests[0]))
print("running", flush=True)
if sys.argv[1] == "error":
    raise RuntimeError("in the main thread")
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["end", "error"])
def test_an_engine_that_nobody_closed_does_not_abort_the_process(way):
    done = subprocess.run(
        [sys.executable, "-c", EXITS, way], capture_output=True, text=True, timeout=300
    )
    assert done.stdout.startswith("running")
    assert done.returncode == (1 if way == "error" else 0), done.stderr
    assert ("in the main thread" in done.stderr) == (way == "error")
