"""Turns runs into tables: shared options, the sample world's model, rows, figures."""
