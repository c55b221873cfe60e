"""Streams of random ids: their parts join to the complete text, whatever the tokens, stops and cuts are."""

import asyncio
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.apps import Filters
from clova_jax.inference.completion import completion
from clova_jax.inference.request import Request
from clova_jax.inference.sampling import Sampling
from clova_jax.inference.slots import Text
from clova_jax.inference.writer import Writer
from clova_jax.studio.answers import OpenAIAnswer
from clova_jax.studio.backends.local import LocalWriting
from clova_jax.studio.completions import Completions, Prompted
from clova_jax.studio.schemas import CompletionBody
from clova_jax.studio.server import Studio
from clova_jax.studio.store import Key
from clova_jax.tokenizers import train_tokenizer

TOKENIZER = train_tokenizer(["가나다라 옛날 🙂 the fox\n"] * 3, kind="byte", vocab_size=280)
PIECES = ["가", "나다", "🙂", "👨‍👩‍👧", "끝", "a", "\n", " ", "뷁", "010-1234-5678", "é"]


class Played:
    """A backend whose model is a list of ids, written a few at a time."""

    def __init__(self, ids, cuts, stop):
        self.tokenizer, self.max_length, self.lacks = TOKENIZER, 10_000, frozenset()
        self.failed, self.load, self.engine = False, (0, 0), None
        self.ids, self.cuts, self.stop = ids, sorted({c for c in cuts if c < len(ids)}), stop

    async def write(self, ask):
        news = asyncio.Event()
        loop = asyncio.get_running_loop()
        sampling = Sampling(logprobs=ask.logprobs, stop=self.stop)
        text = Text([0], sampling, np.zeros(2), Writer(TOKENIZER, self.stop), len(self.ids))
        request = Request(text, "", lambda: None, lambda: loop.call_soon_threadsafe(news.set))
        self.playing = asyncio.ensure_future(self._play(request))
        return LocalWriting(TOKENIZER, request, news, ask.logprobs)

    async def _play(self, request):
        text, at = request.text, 0
        for cut in [*self.cuts, len(self.ids)]:
            new = self.ids[at:cut]
            text.logprobs += [-0.5 * token for token in new]
            text.top += [(np.array([token, 1]), np.array([-0.5 * token, -9.0])) for token in new]
            text.ids += new
            at = cut
            if text.writer.write(text.ids, last=cut == len(self.ids)):
                text.finish = "stop"
                break
            request.show()
            for _ in range(3):  # the reader may come, or not
                await asyncio.sleep(0)
        text.finish = text.finish or "length"
        request.show()
        model = SimpleNamespace(tokenizer=TOKENIZER)
        request.end(completion(model, text))

    async def close(self):
        pass


class NoStore:
    def list_prompts(self):
        return []

    def list_collections(self):
        return []

    def close(self):
        pass


async def streamed(backend, policy, logprobs, before="가"):
    """The parts of the stream, and the complete answer."""
    from clova_jax.studio.settings import Settings

    answers = []
    for _ in range(2):
        studio = Studio(Settings("m"), NoStore(), Filters())
        await studio.use(backend)
        body = CompletionBody(prompt="가", max_tokens=5, logprobs=logprobs)
        completions = Completions(studio, Key("", filters=policy), body)
        completions.prompts = [Prompted(before, [0], [0], False, {})]
        completions._writings = [await backend.write(completions._ask(0, 0))]
        answer = OpenAIAnswer(completions, "m")
        if not answers:
            answers.append([answer.event(chunk) async for chunk in completions.chunks()])
        else:
            answers.append(answer.complete(await completions.complete()))
        await completions.aclose()
        await backend.playing
        await studio.close()
    return answers


ids = st.one_of(
    st.lists(st.integers(1, TOKENIZER.vocab_size - 1), max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=12).map(lambda p: TOKENIZER.encode("".join(p))),
)
cuts = st.lists(st.integers(1, 60), max_size=30)
stops = st.lists(st.sampled_from(["끝", "\n\n", "🙂", "a ", "나다가", "👧"]), max_size=2)


@settings(max_examples=150)
@given(ids, cuts, stops, st.sampled_from([None, 2]))
def test_parts_join_to_the_complete_text(ids, cuts, stops, logprobs):
    parts, whole = asyncio.run(streamed(Played(ids, cuts, tuple(stops)), {}, logprobs))
    (choice,) = whole["choices"]
    texts = [part["choices"][0]["text"] for part in parts]
    expected = TOKENIZER.decode(ids)
    for stop in stops:
        assert stop not in choice["text"]
    ends = [at for at in map(expected.find, stops) if at >= 0]
    assert choice["text"] == expected[: min(ends, default=None)]
    assert "".join(texts) == choice["text"]
    assert parts[-1]["choices"][0]["finish_reason"] == choice["finish_reason"]
    if logprobs is not None:
        for name, values in choice["logprobs"].items():
            found = [one for part in parts for one in part["choices"][0]["logprobs"][name]]
            assert found == values
    half = expected.startswith("".join(texts)) or "\ufffd" in expected
    assert half


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=15), cuts)
def test_no_planted_datum_leaves_a_masked_stream(pieces, cuts):
    text = "전화 " + "".join(pieces)
    backend = Played(TOKENIZER.encode(text), cuts, ())
    parts, whole = asyncio.run(streamed(backend, {"personal": "mask"}, None))
    shown = "".join(part["choices"][0]["text"] for part in parts)
    assert shown == whole["choices"][0]["text"] == Filters().apply(text, masking())[0]


@settings(max_examples=100)
@given(
    st.sampled_from(["010-1234-5678", "kim.minsu@naver.com", "공일공에 일이삼사에 오육칠팔"]),
    st.integers(1, 12),
    cuts,
)
def test_a_datum_that_the_prompt_begins_does_not_leave_a_masked_stream(planted, at, cuts):
    before, text = f"연락처는 {planted[:at]}", f"{planted[at:]} 입니다"
    backend = Played(TOKENIZER.encode(text), cuts, ())
    parts, whole = asyncio.run(streamed(backend, {"personal": "mask"}, None, before))
    shown = "".join(part["choices"][0]["text"] for part in parts)
    assert shown == whole["choices"][0]["text"]
    assert planted not in before + shown
    assert shown.endswith("|> 입니다")
    assert whole["choices"][0]["filters"]["personal"] == 0


def masking():
    return {"personal": "mask", "curse": "flag", "unsafe": "flag"}
