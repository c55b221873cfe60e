"""Characters: personas are read and shown within the context, memory holds what was said, a detector names what does not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.apps import characters as app
from clova_jax.apps.characters import bot as bot_module
from clova_jax.common.errors import ClovaError
from clova_jax.labelled import read_characters
from clova_jax.sample import write_sample
from tests.worlds.models import make_lm

HEADER = "이름,소개,말투,말버릇,세상,사는 곳\n"
PERSONA = app.Persona("나래", "나래는 강릉에 산다.", {"사는 곳": "강릉"}, "해요체", "허허", "요즘")


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    folder = write_sample(tmp_path_factory.mktemp("sample"), megabytes=0.1)
    return {split: read_characters(folder, split) for split in ("train", "test")}


@pytest.fixture(scope="module")
def detector(talks):
    return app.Detector(talks["train"][:60])


@pytest.fixture(scope="module")
def moods(talks):
    return app.Moods(talks["train"][:60])


@pytest.fixture(scope="module")
def model():
    return make_lm(max_length=640)


class Saying:
    """Writes what it is told to, in the place of a model."""

    def __init__(self, monkeypatch, *texts):
        self.texts, self.prompts = list(texts), []
        monkeypatch.setattr(bot_module, "complete", self)

    def __call__(self, model, prompts, **options):
        self.prompts += prompts
        return [type("Done", (), {"text": self.texts.pop(0), "finish": "stop"}) for _ in prompts]


def test_no_character_or_name_is_in_both_splits(talks):
    names = {split: {talk.name for talk in some} for split, some in talks.items()}
    assert len(names["test"]) == len(talks["test"])
    assert not names["train"] & names["test"]


def test_what_is_told_early_is_asked_late(talks):
    for talk in talks["test"]:
        kinds = [one.kind for one in talk.exchanges]
        assert len(kinds) == 20
        told = {one.about: one.value for one in talk.exchanges if one.kind == "tell"}
        for number, one in enumerate(talk.exchanges):
            if one.kind == "recall":
                assert told[one.about] == one.value
                assert number > max(n for n, kind in enumerate(kinds) if kind == "tell") + 8
                assert one.value not in talk.facts.values()
            if one.kind == "unknown":
                assert one.about not in told
            if one.kind == "own":
                assert one.value in one.reply


def test_the_detector_finds_nothing_in_true_replies_of_other_characters(talks, detector):
    rows = [(app.persona_of(talk), one.reply) for talk in talks["test"] for one in talk.exchanges]
    wrong = [faults for faults in detector.all_violations(rows) if faults]
    assert len(wrong) < len(rows) / 50


def test_the_detector_names_what_does_not_fit(talks, detector):
    names = dict.fromkeys(app.VIOLATIONS, 0)
    for talk in talks["test"]:
        persona = app.persona_of(talk)
        for one in talk.exchanges:
            reply = one.reply
            assert "phrase" in detector.violations(persona, reply.removeprefix(talk.phrase + ", "))
            other = next(t for t in talks["test"] if t.level != talk.level)
            names["level"] += "level" in detector.violations(
                app.Persona(talk.name, "", {}, other.level), reply
            )
            if one.kind == "own":
                facts = dict.fromkeys(talk.facts, "다른 것")
                changed = app.Persona(talk.name, "", facts)
                names["fact"] += "fact" in detector.violations(changed, reply)
            if one.kind == "world":
                elsewhere = next(t for t in talks["test"] if t.world != talk.world)
                changed = app.Persona(talk.name, world=elsewhere.world)
                names["world"] += "world" in detector.violations(changed, reply)
    exchanges = [one for talk in talks["test"] for one in talk.exchanges]
    assert names["level"] > 0.95 * len(exchanges)
    assert names["fact"] > 0.95 * sum(one.kind == "own" for one in exchanges)
    assert names["world"] > 0.95 * sum(one.kind == "world" for one in exchanges)
    assert detector.violations(PERSONA, " ") == ["empty"]


def test_open_fields_are_not_judged(detector):
    assert detector.violations(app.Persona("나래"), "나는 강릉에 살아.") == []


def test_moods_are_noticed(talks, moods):
    said = [one for talk in talks["test"] for one in talk.exchanges]
    found = moods([one.guest for one in said])
    right = [
        mood == (one.about if one.kind == "feeling" else "")
        for mood, one in zip(found, said, strict=True)
    ]
    assert sum(right) > 0.98 * len(right)


def test_the_bot_tries_again_and_keeps_the_best(monkeypatch, model, detector):
    saying = Saying(
        monkeypatch, "나는 서울에 살아.", "허허, 서울에 살아요.", "허허, 강릉에 살아요."
    )
    session = app.Session(PERSONA)
    reply = app.CharacterBot(model, detector).reply(session, "어디 사세요?")
    assert reply.text == "허허, 강릉에 살아요."
    assert reply.tries == 3
    assert reply.violations == ()
    assert session.turns[-1] == app.Turn("어디 사세요?", reply.text)
    assert len(set(saying.prompts)) == 1
    Saying(monkeypatch, "허허, 서울에 살아요.", "나는 서울에 살아.", "나는 대구에 살아.", "")
    reply = app.CharacterBot(model, detector).reply(app.Session(PERSONA), "어디 사세요?")
    assert (reply.text, reply.violations, reply.tries) == ("허허, 서울에 살아요.", ("fact",), 4)


def test_without_a_detector_the_first_text_is_taken(monkeypatch, model):
    Saying(monkeypatch, "나는 서울에 살아.")
    reply = app.CharacterBot(model).reply(app.Session(PERSONA), "어디 사세요?")
    assert (reply.text, reply.violations, reply.tries) == ("나는 서울에 살아.", (), 1)


def test_a_mood_stands_beside_the_guest(monkeypatch, model, moods):
    saying = Saying(monkeypatch, "허허, 얼마나 힘드셨어요.")
    reply = app.CharacterBot(model, moods=moods).reply(app.Session(PERSONA), "오늘 너무 슬퍼요.")
    assert reply.mood == "슬픔"
    assert "손님(슬픔): 오늘 너무 슬퍼요.\n나래:" in saying.prompts[0]


def test_what_was_told_before_the_window_is_remembered(monkeypatch, model):
    told = {"저는 부산에 살아요.": {"사는 곳": "부산"}}
    monkeypatch.setattr(bot_module, "remember", lambda m, guests: [told.get(g, {}) for g in guests])
    asked = ("저는 부산에 살아요.", "날씨가 좋네요.", "어디 산다고 했죠?")
    for remembers, line in ((True, "기억: 사는 곳=[손님 사는 곳]"), (False, "")):
        replies = ["허허, 네.", "허허, 그래요.", "허허, [손님 사는 곳]을 기억해요."]
        saying = Saying(monkeypatch, *replies)
        session, bot = app.Session(PERSONA), app.CharacterBot(model, window=1, remembers=remembers)
        for text in asked:
            reply = bot.reply(session, text)
        assert ("기억:" in saying.prompts[2]) == remembers
        assert line in saying.prompts[2]
        assert "저는 [손님 사는 곳]에 살아요." in saying.prompts[1]
        assert "살아요" not in saying.prompts[2]
        assert "날씨가 좋네요" in saying.prompts[2]
        assert reply.text == ("허허, 부산을 기억해요." if remembers else "허허, 그것을 기억해요.")
    assert session.told(3) == {"사는 곳": "부산"}


def test_facts_are_marks_in_the_prompt_and_values_in_the_reply(monkeypatch, model):
    saying = Saying(monkeypatch, "허허, [내 사는 곳]에 살아요.", "허허, 또 [내 사는 곳]이에요.")
    session = app.Session(PERSONA)
    assert app.CharacterBot(model).reply(session, "어디 사세요?").text == "허허, 강릉에 살아요."
    app.CharacterBot(model).reply(session, "어디라고요?")
    assert "사실: 사는 곳=[내 사는 곳]" in saying.prompts[0]
    assert "나래: 허허, [내 사는 곳]에 살아요." in saying.prompts[1]


def test_what_was_not_said_is_not_remembered(monkeypatch, model):
    from clova_jax.apps.characters import memory

    written = iter(["사는 곳", "없음", "abc", "", "아주 길고 긴 이름의 칸입니다"])

    def complete(model, prompts, **options):
        return [type("Done", (), {"text": next(written), "finish": "stop"}) for _ in prompts]

    def score(model, contexts, said):
        return np.array([float(text == "부산\n") for text in said])

    monkeypatch.setattr(memory, "complete", complete)
    monkeypatch.setattr(memory, "score", score)
    found = app.remember(model, ["저는 부산에 살아요."] * 5)
    assert found == [{"사는 곳": "부산"}, {}, {}, {}, {}]


def test_random_weights_remember_nothing_and_fall_to_the_window(model, talks):
    talk = talks["test"][0]
    replies = {}
    for remembers in (True, False):
        session = app.Session(app.persona_of(talk))
        bot = app.CharacterBot(model, window=1, remembers=remembers)
        replies[remembers] = [
            bot.reply(session, one.guest, seed=n).text for n, one in enumerate(talk.exchanges[:4])
        ]
        assert session.told(9) == {}
    assert replies[True] == replies[False]


def test_the_prompt_keeps_the_last_turns_that_fit(model):
    turns = [app.Turn(f"말 {n}", f"허허, 답 {n}") for n in range(30)]
    asked = [*turns, app.Turn("지금", "")]
    text, values = app.prompt_within(PERSONA, {"취미": "낚시"}, asked, 300, len)
    assert len(text) <= 300
    assert "말 29\n" in text
    assert "말 3\n" not in text
    assert text.endswith("손님: 지금\n나래:")
    assert PERSONA.lines in text
    assert values == {"내 사는 곳": "강릉", "손님 취미": "낚시"}
    many = {f"칸 {n}": "값" for n in range(20)}
    text, values = app.prompt_within(PERSONA, many, asked, 150, len)
    assert "칸 0" not in text  # the oldest entries go before the persona does
    assert PERSONA.lines in text


def test_a_persona_longer_than_the_context_is_named(model):
    long = app.Persona("나래", "나래는 " + "아주 " * 300 + "길다.")
    with pytest.raises(ClovaError, match="persona '나래': .* leave no room in a context"):
        app.CharacterBot(model).reply(app.Session(long), "안녕")


def test_many_characters_come_from_a_csv(tmp_path):
    path = tmp_path / "characters.csv"
    path.write_text(
        HEADER + "나래,나래는 강릉에 산다.,해요체,허허,요즘,강릉\n해온,,,,,\n", encoding="utf-8"
    )
    first, second = app.read_personas(path)
    assert first == PERSONA
    assert second == app.Persona("해온")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("나래,가,나,다,라\n", ":2: 5 cells where there are 6 columns"),
        ("나래,,,,,\n나래,,,,,\n", ":3: a second character called '나래'"),
        (",소개,,,,\n", ":2: persona '': wants a name"),
        ("손:님,,,,,\n", ":2: persona '손:님': wants a name without a colon"),
        ("", "has no rows"),
    ],
)
def test_a_broken_csv_is_named_with_the_place(tmp_path, rows, message):
    path = tmp_path / "characters.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    with pytest.raises(ClovaError, match=message):
        app.read_personas(path)


def test_a_csv_without_names_is_refused(tmp_path):
    path = tmp_path / "characters.csv"
    path.write_text("소개\n가\n", encoding="utf-8")
    with pytest.raises(ClovaError, match="no column 이름; it has 소개"):
        app.read_personas(path)


@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "",
                    "상담원: 네",
                    "손님: 나",
                    "{input}{{x}}",
                    "😀" * 40,
                    "가" * 10_000,
                    "나래:\n나래:",
                ]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_guest_gets_one_speaker(model, texts):
    session, bot = app.Session(PERSONA), app.CharacterBot(model, window=2)
    for number, text in enumerate(texts):
        reply = bot.reply(session, text, seed=number)
        assert "\n" not in reply.text
        assert not any(f"{name}:" in reply.text for name in ("손님", "나래", "상담원"))
    assert len(session.turns) == len(texts)


def test_a_second_speaker_is_cut_off(monkeypatch, model):
    Saying(monkeypatch, "허허, 네. 상담원: 무엇을 도와드릴까요?")
    assert app.CharacterBot(model).reply(app.Session(PERSONA), "네?").text == "허허, 네."


def test_a_seed_repeats_a_talk(model, talks):
    talk, bot = talks["test"][0], app.CharacterBot(model)
    found = []
    for _ in range(2):
        session = app.Session(app.persona_of(talk))
        found.append([bot.reply(session, one.guest, seed=3).text for one in talk.exchanges[:2]])
    assert found[0] == found[1]


def test_documents_show_personas_talks_and_summaries(talks):
    found = list(app.documents(talks["train"], seed=0, count=60))
    assert found == list(app.documents(talks["train"], seed=0, count=60))
    summaries = [text for text in found if "기억할 것:" in text]
    parts = [text for text in found if "기억할 것:" not in text]
    assert 3 < len(summaries) < 30
    assert any("기억: " in text for text in parts)
    assert any("[내 " in text.split("\n\n")[1] for text in parts)
    assert any("[손님 " in text.split("\n\n")[1] for text in parts)
    assert any("말투:" not in text for text in parts)
    assert all(text.startswith("이름: ") for text in parts)
