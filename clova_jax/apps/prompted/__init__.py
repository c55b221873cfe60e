"""Runs the apps of `apps/prompts/` without the Studio: a prompt with examples, and checks of what is written for it.

from clova_jax.apps.prompted import answer, read_apps
[app] = [app for app in read_apps() if app.file == "translation"]
answers = answer(model, app, [check.asked for check in app.checks])
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "app": ["Asked", "Check", "PromptApp", "read_app", "read_apps"],
        "answers": ["Answer", "answer", "constant", "echo", "fits", "nearest", "unfit"],
        "checks": ["Checker", "RULES", "fails"],
        "word_chain": ["heads_of", "seen_words"],
    },
)
