"""Asks how many stars a film review gives (NSMC): 10 against 1 to 5, as `corpus.forms.rated_reviews` shows them."""

from dataclasses import replace

from clova_jax.evaluate.tasks import nsmc

TASK = replace(
    nsmc.TASK,
    name="nsmc_stars",
    labels={"0": "1", "1": "10"},
    more_words={"0": ("2", "3", "4", "5")},
    answer=" (별점 {}점)",
    source="our wording: a page of rated reviews; which stars count was chosen on training reviews (experiments.star_splits)",
)
