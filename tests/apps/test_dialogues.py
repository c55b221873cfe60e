"""Goal scripts and dialogues: what a script is, which texts are dialogues, labels by likelihood, adaptation data, trackers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.apps.dialogues import (
    REASONS,
    Acceptance,
    Goal,
    LinearTracker,
    as_document,
    as_prompt,
    as_state,
    documents,
    draw_goals,
    examples,
    goals_of,
    label_states,
    labelled,
    make_goal,
    mask,
    match_values,
    read_lines,
    said_values,
    unmask,
    write_dialogues,
)
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from clova_jax.inference import score
from clova_jax.labelled import Dialogue, Turn
from tests.worlds.models import make_lm

ONTOLOGY = {
    "식당": {"지역": ("강변", "시장"), "주차": ("dontcare", "yes", "no"), "이름": ("달빛", "별빛")},
    "기차": {
        "출발지": ("강변", "시장", "북문"),
        "도착지": ("강변", "시장", "북문"),
        "이름": ("새벽호",),
    },
}
GOAL = make_goal(ONTOLOGY, "식당", {"지역": "강변", "주차": "yes", "이름": "달빛"})
TURNS = (
    Turn("user", "강변 쪽 식당이요.", {"식당-지역": "강변"}),
    Turn("sys", "달빛은 어떠세요?"),
    Turn(
        "user",
        "네, 주차도 돼야 해요.",
        {"식당-지역": "강변", "식당-이름": "달빛", "식당-주차": "yes"},
    ),
)
DIALOGUE = Dialogue("1", ("식당",), TURNS)


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=512)


def test_a_script_has_instruction_and_results():
    assert GOAL.instruction == "식당 예약. 지역 강변, 주차 예"
    assert GOAL.text == "목표: 식당 예약. [지역] 주차 예\n결과: [이름]"
    assert as_prompt([GOAL]) == f"{GOAL.text}\n\n손님:"
    assert goals_of(DIALOGUE, ONTOLOGY) == [GOAL]
    lines = "손님: [지역] 쪽 [영역]이요.\n직원: [이름]은 어떠세요?\n손님: 네, 주차도 돼야 해요."
    assert as_document([GOAL], TURNS) == f"{GOAL.text}\n\n{lines}"


def test_marks_stand_for_the_longest_values_whatever_the_spaces():
    values = [("a", "역 근처"), ("b", "새역 근처"), ("c", "역근처")]
    assert mask("새 역 근처, 역근처", values) == "[b], [a]"
    assert mask("강변", []) == "강변"


def test_particles_fit_the_values():
    values = {"a": "강변", "b": "새벽호"}
    assert (
        unmask("[a]가 [b]을 [a]로, [b]으로. [a]요", values)
        == "강변이 새벽호를 강변으로, 새벽호로. 강변이요"
    )
    assert unmask("[b]에서 [a]이나마", values) == "새벽호에서 강변이나마"
    with pytest.raises(KeyError):
        unmask("[c]", values)


@given(st.text("가나다[]은 \n"), st.sampled_from(["가나", "다", "가"]))
def test_masked_text_is_filled_again(text, value):
    text = text.replace("[", "").replace("]", "")
    assert unmask(mask(text, [("칸", value)]), {"칸": value}).replace(" ", "").count(value) == (
        mask(text, [("칸", value)]).count("[칸]")
    )


@pytest.mark.parametrize(
    ("domain", "values", "message"),
    [
        ("식당", {}, "goal in 식당: no slot; give one with a value"),
        ("식당", {"이름": "달빛"}, "goal in 식당: no slot"),
        ("식당", {"지역": " "}, "goal in 식당: slot '지역' has an empty value"),
        ("식당", {"종류": "한식"}, "goal in 식당: no slot '종류'; there are 지역, 주차, 이름"),
        ("숙소", {"지역": "강변"}, "no domain '숙소'; there are 식당, 기차"),
    ],
)
def test_a_goal_that_is_none_is_named(domain, values, message):
    with pytest.raises(ClovaError, match="^[^\n]*$") as raised:
        make_goal(ONTOLOGY, domain, values)
    assert message in str(raised.value)


def test_drawn_goals_are_new_and_a_longer_draw_begins_with_them():
    like = [Goal("식당", {"지역": "강변", "주차": "no"}, {"이름": "달빛"})]
    values = {"출발지": "강변", "도착지": "시장", "이름": "새벽호"}
    taken = make_goal(ONTOLOGY, "기차", values)
    few, all_ = (
        draw_goals(ONTOLOGY, "기차", like, [taken], count, np.random.default_rng(0))
        for count in (2, 5)
    )
    assert all_[:2] == few
    assert len({frozenset(goal.values.items()) for goal in all_}) == 5
    for goal in all_:
        assert goal.values != taken.values
        assert goal.slots["출발지"] != goal.slots["도착지"]
    with pytest.raises(ClovaError, match="기차: 5 different goals, 6 wanted"):
        draw_goals(ONTOLOGY, "기차", like, [taken], 6, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("text", "ended", "reason"),
    [
        (" [지역]이요.\n직원: 네.", True, ""),
        (" 강변이요.\n직원: 네.", True, ""),
        ("", True, "empty"),
        (" [지역]요.\n그러자 직원이 말했다", True, "speaker"),
        (" [지역]요.\n손님: 네.", True, "turn"),
        (" [지역]요.\n직원: …", True, "silent"),
        (" [지역]요.\n직원: 네.", False, "cut off"),
        (" [지역]요.\n직원: 네.\n손님: [지역]요.", True, "repeated"),
        (" [지역]요.\n직원: [요일]은요?", True, "unknown slot"),
        (" [영역]이요.\n직원: 네.", True, "no value"),
    ],
)
def test_refused_dialogues_have_a_reason(text, ended, reason):
    one = Acceptance(GOAL)(text, ended, -1.0)
    assert one.reason == reason
    assert one.accepted == (not reason) == bool(one.turns)
    assert not reason or reason in REASONS
    assert reason or one.text == "손님: 강변이요.\n직원: 네."


@given(st.lists(st.text("가나다 12", min_size=1).filter(str.strip), min_size=1, max_size=6))
def test_lines_are_read_back(texts):
    roles = ("user", "sys") * 3
    turns = [Turn(role, " ".join(t.split())) for role, t in zip(roles, texts, strict=False)]
    script, _, text = as_document([GOAL], turns).partition("\n\n")
    assert script == GOAL.text
    assert read_lines(text.split("\n")) == (turns, "")


def test_values_are_said_whatever_the_spaces():
    assert said_values(GOAL, "강 변에 있는 달빛") == ["지역", "이름"]


def test_dialogues_are_the_same_whatever_else_is_asked_for(lm):
    goals = [GOAL, make_goal(ONTOLOGY, "식당", {"지역": "시장"})]
    asked = {"most_tokens": 12, "seed": 3}
    both = write_dialogues(lm, goals, **asked)
    alone = write_dialogues(lm, goals[1:], **asked)
    other = write_dialogues(lm, goals, most_tokens=12, seed=4)

    def texts(written):
        return [[(one.text, one.reason) for one in some] for some in written]

    assert texts(alone) == texts(both[1:])
    assert texts(other) != texts(both)
    assert all(1 <= len(some) <= 2 for some in both)


def test_labels_are_the_likelier_lines(lm):
    ((first, last),) = label_states(lm, [GOAL], [TURNS], "앞\n")
    for end, state in ((1, first), (3, last)):
        context = "앞\n" + as_state(TURNS[:end], [GOAL], "식당", {})
        for slot, shown in (("지역", "[지역]"), ("주차", "예"), ("이름", "[이름]")):
            yes, no = score(lm, [context] * 2, [f"{slot}: {shown}\n", f"{slot}: 없음\n"])
            assert state.get(f"식당-{slot}") == (GOAL.values[slot] if yes > no else None)


def test_written_dialogues_get_states_of_their_goal(lm):
    one = Acceptance(GOAL)(" 강변이요.\n직원: 달빛은 어떠세요?\n손님: 네.", True, -1.0)
    ((first, system, last),) = labelled(lm, [GOAL], [one])
    assert system.state is None
    wanted = {f"식당-{slot}": value for slot, value in GOAL.values.items()}
    for turn in (first, last):
        assert turn.state.items() <= wanted.items()
    assert labelled(lm, [], []) == []


def test_documents_show_scripts_and_states():
    script, states = documents([DIALOGUE], ONTOLOGY, seed=0, count=2)
    assert script == as_document([GOAL], TURNS)
    text, _, answers = states.partition("\n\n")
    end = next(end for end in (1, 3) if as_document([GOAL], TURNS[:end]).endswith(text))
    settled = TURNS[end - 1].state
    shown = {"지역": "[지역]", "주차": "예", "이름": "[이름]"}
    lines = {f"{slot}: {shown[slot] if f'식당-{slot}' in settled else '없음'}" for slot in shown}
    assert answers.split("\n")[0] == "식당"
    assert set(answers.strip().split("\n")[1:]) == lines
    shown_scripts, shown_states = examples([DIALOGUE], ONTOLOGY)
    assert shown_scripts == f"{script}\n\n"
    assert shown_states.endswith("\n\n식당\n지역: [지역]\n주차: 예\n이름: [이름]\n\n")


VALUES = {f"기차-{slot}": ONTOLOGY["기차"][slot] for slot in ("출발지", "도착지")} | {
    "기차-창가": ("yes", "no")
}


def trains(count, seed):
    """Dialogues in which who asks decides which of two slots a value is for, and values are declined."""
    random, made = np.random.default_rng(seed), []
    for _ in range(count):
        start, end, other = random.permutation(ONTOLOGY["기차"]["출발지"]).tolist()
        first = {"기차-출발지": start}
        made.append(
            (
                Turn("user", f"{start}에서 타요.", first),
                Turn("sys", f"{other}은 안 됩니다. 어디까지 가세요?"),
                Turn("user", f"{end}으로 가요.", first | {"기차-도착지": end}),
                Turn("sys", "창가로 할까요?"),
                Turn("user", "네.", first | {"기차-도착지": end, "기차-창가": "yes"}),
            )
        )
    return made


def states(dialogues):
    return [[turn.state for turn in one if turn.role == "user"] for one in dialogues]


def test_a_tracker_learns_which_values_are_meant():
    train, test = trains(12, 0), trains(6, 1)
    assert LinearTracker(train, VALUES).track(test) == states(test)
    assert match_values(test, VALUES) != states(test)


def test_a_tracker_without_dialogues_settles_nothing():
    found = LinearTracker([], VALUES).track(trains(2, 0))
    assert found == [[{}, {}, {}], [{}, {}, {}]]


def test_a_tracker_gives_values_that_it_never_saw():
    train = trains(12, 0)
    more = {slot: (*values, "남산") for slot, values in VALUES.items()}
    test = (Turn("user", "남산에서 타요.", {}),)
    assert LinearTracker(train, more).track([test]) == [[{"기차-출발지": "남산"}]]


def test_the_rule_takes_the_last_value_and_the_longest():
    said = (Turn("sys", "강변은요?"), Turn("user", "큰 시장 말고 시장이요.", {}))
    values = {"a": ("강변", "시장", "큰시장")}
    assert match_values([said], values) == [[{"a": "시장"}]]
    assert match_values([(Turn("user", "큰 시장이요.", {}),)], values) == [[{"a": "큰시장"}]]


def test_goals_are_drawn_by_a_seed():
    like = [GOAL]
    drawn = [draw_goals(ONTOLOGY, "기차", like, [], 3, generator(seed, "g")) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
