"""Runs migrations on the connection that `Store` hands over; Alembic executes this file."""

from alembic import context

from clova_jax.studio.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
