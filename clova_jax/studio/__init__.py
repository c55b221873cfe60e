"""Serves a model over HTTP: OpenAI's completions, CLOVA Studio's, tuned prompts and input gradients."""
