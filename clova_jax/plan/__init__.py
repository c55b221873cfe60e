"""Plans a training run: memory, operations, bytes and days, before anyone pays for a node."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compiled": ["Compiled", "compile_run", "train_step"],
        "memory_use": ["Run", "memory"],
        "program": ["Program"],
        "report": ["make_report"],
        "search": ["Candidate", "candidate", "days", "meshes", "rank_meshes", "settle"],
        "time": ["Work", "seconds", "work"],
    },
)
