"""Reads and writes the tuned prompts."""

import sqlalchemy as sa

from clova_jax.studio.store.database import Database, now
from clova_jax.studio.store.records import Prompt
from clova_jax.studio.store.tables import PROMPTS

PROMPT_FIELDS = [column.name for column in PROMPTS.c if column.name != "id"]


class PromptStore(Database):
    """Keeps tuned prompts."""

    def save_prompt(self, prompt: Prompt) -> bool:
        """Keeps a tuned prompt; returns False if there is one of this name."""
        row = {name: getattr(prompt, name) for name in PROMPT_FIELDS}
        try:
            with self._engine.begin() as connection:
                connection.execute(PROMPTS.insert().values(row | {"created": now()}))
        except sa.exc.IntegrityError:
            return False
        return True

    def list_prompts(self) -> list[Prompt]:
        """Returns all tuned prompts in the order in which they came."""
        with self._engine.connect() as connection:
            rows = connection.execute(PROMPTS.select().order_by(PROMPTS.c.id))
            return [Prompt(*(getattr(row, name) for name in PROMPT_FIELDS)) for row in rows]

    def delete_prompt(self, name: str) -> bool:
        """Deletes a tuned prompt; returns False if there is none of this name."""
        with self._engine.begin() as connection:
            return bool(connection.execute(PROMPTS.delete().where(PROMPTS.c.name == name)).rowcount)
