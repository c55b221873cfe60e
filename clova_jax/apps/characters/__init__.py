"""Plays characters: a persona and what is remembered become a prompt; a detector finds what does not fit, and the model tries again.

from clova_jax.apps.characters import CharacterBot, Session, read_personas
bot = CharacterBot(model)
print(bot.reply(Session(read_personas("characters.csv")[0]), "안녕하세요?").text)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adaptation": ["adapt", "documents"],
        "bot": ["CharacterBot", "Reply", "Session"],
        "detector": ["VIOLATIONS", "Detector", "Moods"],
        "memory": ["as_memory", "remember", "theirs"],
        "persona": ["Persona", "persona_of", "read_personas"],
        "prompt": ["Turn", "as_line", "as_lines", "prompt_within"],
    },
)
