"""Teaches a model to answer instructions: tasks in eight wordings each, packed rows, a loss over answers alone.

tasks = read_tasks("data")
rows, _ = pack(encode(lm.tokenizer, TEMPLATE, mixture(tasks, slice(0, 6), 3_000, seed=0)), 512, 8 * 500)
tuned = tune_instructions(lm, rows[:-8], rows[-8:], TEMPLATE, TuneOptions(steps=499, batch_size=8), length=512)
tuned.model.save("runs/instructed")
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "mixture": ["TEMPLATE", "mixture"],
        "packing": ["Instruction", "Row", "arrays", "encode", "pack"],
        "tasks": ["CHAT", "FAMILIES", "KINDS", "InstructionTask", "read_tasks"],
        "tuning": ["InstructionGradient", "tune_instructions"],
    },
)
