"""Particles, endings and romanisation of the sample world, against grammar and against Kiwi."""

import pytest
from kiwipiepy import Kiwi

from clova_jax.common.errors import ClovaError
from clova_jax.common.hangul import CODAS, ONSETS, VOWELS, compose, split
from clova_jax.sample.hangul import conjugate, josa, romanize
from clova_jax.sample.lexicon import FOLDER, load_lexicon


def test_syllables_come_apart_and_together():
    for code in range(0xAC00, 0xD7A4):
        assert compose(*split(chr(code))) == chr(code)
    assert (len(ONSETS), len(VOWELS), len(CODAS)) == (19, 21, 28)


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("사과", "은", "사과는"),
        ("집", "은", "집은"),
        ("별", "으로", "별로"),
        ("산", "으로", "산으로"),
        ("학교", "으로", "학교로"),
        ("물", "과", "물과"),
        ("우유", "이나", "우유나"),
        ("3", "이", "3이"),
        ("X5", "을", "X5를"),
        ("《바람의 문》", "을", "《바람의 문》을"),
        ("《파도》", "이", "《파도》가"),
        ("가수", "이라", "가수라"),
        ("집", "에서", "집에서"),
    ],
)
def test_particles_follow_the_last_sound(word, particle, expected):
    assert josa(word, particle) == expected


@pytest.mark.parametrize(
    ("stem", "irregular", "forms"),
    [
        ("가", "-", "가요 갔다 가면 간다 감 갑니다"),
        ("오", "-", "와요 왔다 오면 온다 옴 옵니다"),
        ("하", "-", "해요 했다 하면 한다 함 합니다"),
        ("되", "-", "돼요 됐다 되면 된다 됨 됩니다"),
        ("마시", "-", "마셔요 마셨다 마시면 마신다 마심 마십니다"),
        ("먹", "-", "먹어요 먹었다 먹으면 먹는다 먹음 먹습니다"),
        ("아프", "-", "아파요 아팠다 아프면 아픈다 아픔 아픕니다"),
        ("만들", "-", "만들어요 만들었다 만들면 만든다 만듦 만듭니다"),
        ("쉬", "-", "쉬어요 쉬었다 쉬면 쉰다 쉼 쉽니다"),
        ("춥", "ㅂ", "추워요 추웠다 추우면 춥는다 추움 춥습니다"),
        ("돕", "ㅂ", "도와요 도왔다 도우면 돕는다 도움 돕습니다"),
        ("아름답", "ㅂ", "아름다워요 아름다웠다 아름다우면 아름답는다 아름다움 아름답습니다"),
        ("듣", "ㄷ", "들어요 들었다 들으면 듣는다 들음 듣습니다"),
        ("짓", "ㅅ", "지어요 지었다 지으면 짓는다 지음 짓습니다"),
        ("고르", "르", "골라요 골랐다 고르면 고른다 고름 고릅니다"),
        ("이르", "러", "이르러요 이르렀다 이르면 이른다 이름 이릅니다"),
        ("하얗", "ㅎ", "하얘요 하얬다 하야면 하얀다 하얌 하얗습니다"),
        ("명작", "이", "명작이에요 명작이었다 명작이면 명작이다 명작임 명작입니다"),
        ("쓰레기", "이", "쓰레기예요 쓰레기였다 쓰레기면 쓰레기다 쓰레기임 쓰레기입니다"),
        ("아니", "아니", "아니에요 아니었다 아니면 아니다 아님 아닙니다"),
    ],
)
def test_endings_join_by_class(stem, irregular, forms):
    endings = ("어요", "었다", "으면", "ㄴ다", "ㅁ", "ㅂ니다")
    assert " ".join(conjugate(stem, ending, irregular) for ending in endings) == forms


def test_joiner_agrees_with_kiwi_on_every_stem():
    kiwi = Kiwi()
    lexicon = load_lexicon()
    endings = {"어요": "어요", "었다": "었다", "으면": "으면", "고": "고", "ㅂ니다": "습니다"}
    stems = {(p.stem, p.irregular, "VV" if p.part == "v" else "VA") for p in lexicon.predicates} | {
        (s.form.split()[-1], s.irregular, "VV" if s.part == "v" else "VA")
        for s in lexicon.sentiments
        if s.part in "av" and s.irregular != "이"
    }
    assert len(stems) > 250
    wrong = []
    for stem, irregular, tag in sorted(stems):
        tag += "-R" if irregular in "-르" else "-I"  # to Kiwi 르 is regular, 러 is not
        for ending, plain in endings.items():
            if plain == "었다":
                morphemes = [(stem, tag), ("었", "EP"), ("다", "EF")]
            else:
                vowel_stem = split(stem[-1])[2] in " ㄹ"
                form = "ᆸ니다" if plain == "습니다" and vowel_stem else plain
                morphemes = [(stem, tag), (form, "EF")]
            expected = kiwi.join(morphemes)
            if conjugate(stem, ending, irregular) != expected:
                wrong.append((stem, ending, conjugate(stem, ending, irregular), expected))
    assert not wrong, wrong


def test_romanisation_is_the_revised_one():
    assert [romanize(word) for word in ("김하늘", "별빛", "왜", "뛰")] == [
        "Gimhaneul",
        "Byeolbit",
        "Wae",
        "Ttwi",
    ]


def test_lexicon_is_large_and_opinions_varied():
    lexicon = load_lexicon()
    assert len(lexicon) > 1_200
    for polarity in (0, 1):
        words = [s for s in lexicon.sentiments if s.polarity == polarity]
        assert len({s.form for s in words}) > 100
        assert {s.part for s in words} == set("avnx")
    good = {s.form for s in lexicon.sentiments if s.polarity == 1}
    assert not good & {s.form for s in lexicon.sentiments if s.polarity == 0}


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("nouns.tsv", "사과\tfood", "2 columns"),
        ("nouns.tsv", "apple\tfood\tan apple", "holds no Hangul"),
        ("words.tsv", "김\tsurname\t", "is repeated"),
        ("predicates.tsv", "웃기\tv\t-\t을\tjokes\t-\t-\t-", "no noun class 'jokes'"),
        ("predicates.tsv", "웃기\tx\t-\t을\tfood\t-\t-\t-", "neither v nor a"),
        ("sentiment.tsv", "웃기\t2\ta\twhole\t-", "out of range"),
        ("sentiment.tsv", "웃기\t1\ta\twhole\tㅋ", "no conjugation class 'ㅋ'"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path, file, row, reason):
    for name in ("nouns.tsv", "words.tsv", "predicates.tsv", "sentiment.tsv"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text + (row + "\n" if name == file else ""), encoding="utf-8")
    line = len((tmp_path / file).read_text(encoding="utf-8").splitlines())
    with pytest.raises(ClovaError, match=reason) as error:
        load_lexicon(tmp_path)
    assert f"{file}:{line}:" in str(error.value)
