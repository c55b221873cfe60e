"""Handles devices: the mesh, what lies where on it, the pipeline's schedule, several processes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "chips": ["CHIPS", "Chip", "GIB"],
        "collectives": [
            "ALL_AUTO",
            "Axes",
            "default_reduce_dtype",
            "gather",
            "scatter",
            "untyped",
            "varying",
            "varying_like",
            "zeros_like_varying",
        ],
        "compiler": ["overlap_options"],
        "mesh": ["AXES", "data_shard", "make_mesh", "shard_batch"],
        "peak": ["peak_flops"],
        "pipeline": ["Schedule", "run_pipeline"],
        "rules": ["Axis", "FSDP", "INFERENCE", "LOGICAL_AXES", "ShardingRules", "TRAINING"],
        "start": [
            *("interrupted_by_loss", "join_processes", "leaving_others"),
            *("on_any_process", "on_first_process"),
        ],
        "stored_arrays": ["create_arrays", "read_arrays", "write_arrays"],
        "virtual": ["use_virtual_devices"],
    },
)
