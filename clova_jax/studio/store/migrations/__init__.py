"""Brings a database to the present tables; Alembic runs `env.py`, which runs the files in `versions/`."""
