"""Turns raw text into documents: sources, cleaning, de-duplication, reports."""
