import pytest

from clova_jax.tokenizers import KINDS, Tokenizer, train_tokenizer

SENTENCES = [
    "영화를 봤는데, 2021년에 개봉한 영화치고 정말 재밌었다ㅋㅋㅋ",
    "프로젝트에서 API를 호출했습니다. 사용자는 함수를 실행할 수 있습니다.",
    "국회는 법률안을 심의하고 의결하였다. 大韓民國 헌법 제1조",
    "for i in range(10):\n    print(i)\n\n\n끝.",
    "한국어 형태소 분석기는 조사와 어미를 나눈다. The cat sat on the mat.",
    "나는 학교에 갔다가 집에 왔다. 너는 어디에 있었니?",
]


def corpus() -> list[str]:
    return [f"{a} {b}" for a in SENTENCES for b in SENTENCES] * 3


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return corpus()


@pytest.fixture(scope="session")
def trained() -> dict[str, Tokenizer]:
    return {kind: train_tokenizer(corpus(), kind, 420) for kind in KINDS}
