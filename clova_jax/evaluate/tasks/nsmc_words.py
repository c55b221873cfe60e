"""Asks whether a film review goes on with words of praise or of disappointment (NSMC)."""

from dataclasses import replace

from clova_jax.evaluate.tasks import nsmc

TASK = replace(
    nsmc.TASK,
    name="nsmc_words",
    labels={"0": "재미없다", "1": "재미있다"},
    more_words={
        "0": ("지루하다", "별로", "최악", "아깝다"),
        "1": ("재밌다", "최고", "좋다", "강추"),
    },
    answer=" {}",
    source="our wording: words that reviews of NSMC's training file end with, each over five times oftener "
    "under its own label",
)
