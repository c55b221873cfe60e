"""Asks whether a film review goes on with words of praise or of disappointment (NSMC)."""

from dataclasses import replace

from clova_jax.evaluate.tasks import nsmc

TASK = replace(
    nsmc.TASK,
    name="nsmc_words",
    labels={"0": "재미없다", "1": "재미있다"},
    more_words={
        "0": ("재미없음", "별로다", "지루하다", "최악이다"),
        "1": ("재미있음", "재밌다", "감동이다", "최고다"),
    },
    answer=" {}",
    source="our wording: words that reviewers end with",
)
