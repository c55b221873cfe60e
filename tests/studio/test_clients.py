"""Clients that others wrote: the `openai` package, and schemathesis over the OpenAPI document."""

import pytest

from tests.studio.studio_world import make_model, running


@pytest.fixture(scope="module")
def lm():
    return make_model()


@pytest.fixture(scope="module")
def server(lm, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('clients')}/studio.db"
    with running(url, lm, slots=4) as made:
        yield made


def test_the_openai_client_passes_unchanged(server, lm):
    import openai

    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="EMPTY", max_retries=0)
    assert next(model.id for model in client.models.list()) == "tiny"
    assert client.models.retrieve("tiny").owned_by == "clova_jax"
    options = {"model": "tiny", "prompt": "옛날", "max_tokens": 10, "seed": 1}
    made = client.completions.create(**options)
    assert made.choices[0].text == lm.generate(["옛날"], max_new_tokens=10, seed=1)[0]
    parts = list(
        client.completions.create(**options, stream=True, stream_options={"include_usage": True})
    )
    assert "".join(p.choices[0].text for p in parts if p.choices) == made.choices[0].text
    assert parts[-1].usage.total_tokens == made.usage.total_tokens
    scored = client.completions.create(**options | {"max_tokens": 0}, echo=True, logprobs=1)
    assert scored.choices[0].logprobs.token_logprobs[0] is None
    several = client.completions.create(
        model="tiny",
        prompt=["가", "나"],
        n=2,
        best_of=3,
        stop=["\n", "."],
        temperature=0.7,
        top_p=0.9,
        presence_penalty=0.1,
        frequency_penalty=0.1,
        logit_bias={"65": -100},
        extra_body={"top_k": 5, "min_p": 0.01, "repetition_penalty": 1.1},
    )
    assert [choice.index for choice in several.choices] == [0, 1, 2, 3]
    for error, fields in (
        (openai.BadRequestError, {"suffix": "x"}),
        (openai.NotFoundError, {"model": "other"}),
        (openai.BadRequestError, {"prompt": "가" * 1000}),
    ):
        with pytest.raises(error) as caught:
            client.completions.create(**options | fields)
        assert caught.value.type
        assert caught.value.message


@pytest.mark.slow
def test_schemathesis_finds_nothing(server):
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    schema = schemathesis.openapi.from_url(server.url + "/openapi.json")
    # A prompt of fitting type can still be longer than the context, or an id no token: a 400 says so.
    schema.config.checks.update(excluded_check_names=["positive_data_acceptance"])
    problems = []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:
            if not _has_cases(operation, mode):
                continue

            @settings(
                max_examples=60,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case):
                case.call_and_validate(timeout=60)

            try:
                check()
            except Exception as problem:
                problems.append(f"{operation.label} {mode}: {problem}")
    assert not problems, "\n\n".join(problems)


def _has_cases(operation, mode):
    from schemathesis import GenerationMode

    return mode is GenerationMode.POSITIVE or bool(operation.body)
