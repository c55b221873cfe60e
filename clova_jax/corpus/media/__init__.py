"""Keeps images, speech and video beside their document, in order, without decoding any."""
