"""Lists peak rates of accelerators, for model FLOPs utilisation (MFU) and for planning.

Dense bf16 matrix rate, memory, memory bandwidth and links are the vendors' published figures: NVIDIA's data sheets of the A100,
H100, H200, B200, L4, L40S and of the Ada architecture (RTX 4090), where rates with sparsity are halved, and Google Cloud's pages
of each TPU.
"""

import re
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Chip:
    """Describes one accelerator.

    Args:
        flops: dense bf16 matrix operations a second, sparsity not counted.
        memory: bytes.
        memory_bandwidth: bytes a second.
        local_bandwidth: bytes a second each way to the other devices of its node (or its torus).
        remote_bandwidth: bytes a second each way to devices of other nodes.
        node: devices that share the local links.
    """

    flops: float
    memory: float
    memory_bandwidth: float
    local_bandwidth: float
    remote_bandwidth: float
    node: int


CHIPS: dict[str, Chip] = {
    # NVLink 300 / 450 GB/s a direction; one 200 or 400 Gb/s InfiniBand port a GPU.
    "a100-40gb": Chip(312e12, 40 * GIB, 1.555e12, 300e9, 25e9, 8),
    "a100-80gb": Chip(312e12, 80 * GIB, 2.039e12, 300e9, 25e9, 8),
    "h100": Chip(989e12, 80 * GIB, 3.35e12, 450e9, 50e9, 8),
    "h200": Chip(989e12, 141e9, 4.8e12, 450e9, 50e9, 8),
    "h100-pcie": Chip(756e12, 80 * GIB, 2.0e12, 300e9, 25e9, 2),
    "h100-nvl": Chip(835e12, 94e9, 3.9e12, 300e9, 25e9, 2),
    "b200": Chip(2_250e12, 180e9, 7.7e12, 900e9, 50e9, 8),
    # PCIe 4.0 between devices.
    "l4": Chip(121e12, 24e9, 0.3e12, 32e9, 12.5e9, 8),
    "l40s": Chip(362e12, 48e9, 0.864e12, 32e9, 25e9, 8),
    "rtx-4090": Chip(165e12, 24e9, 1.008e12, 32e9, 12.5e9, 8),
    # TPU: the links of the torus, per direction and summed over its axes; a slice is one node.
    "tpu-v4": Chip(275e12, 32 * GIB, 1.2e12, 150e9, 6.25e9, 4096),
    "tpu-v5e": Chip(197e12, 16 * GIB, 0.82e12, 100e9, 6.25e9, 256),
    "tpu-v5p": Chip(459e12, 95e9, 2.765e12, 300e9, 6.25e9, 8960),
    "tpu-v6e": Chip(918e12, 32 * GIB, 1.64e12, 224e9, 12.5e9, 256),
}

_KINDS = (  # what JAX calls them, the more particular first
    ("A100-SXM4-40", "a100-40gb"),
    ("A100-PCIE-40", "a100-40gb"),
    ("A100", "a100-80gb"),
    ("H200", "h200"),
    ("H100 PCIe", "h100-pcie"),
    ("H100 NVL", "h100-nvl"),
    ("H100", "h100"),
    ("NVIDIA B200", "b200"),
    ("L40S", "l40s"),
    ("NVIDIA L4", "l4"),
    ("RTX 4090", "rtx-4090"),
    ("TPU v4", "tpu-v4"),
    ("TPU v5 lite", "tpu-v5e"),
    ("TPU v5e", "tpu-v5e"),
    ("TPU v5p", "tpu-v5p"),
    ("TPU v5", "tpu-v5p"),
    ("TPU v6", "tpu-v6e"),
)


def chip_of(device_kind: str) -> Chip | None:
    """Returns the chip that JAX calls by that name; None for CPUs and unknown devices."""
    for part, name in _KINDS:
        if re.search(rf"{re.escape(part)}(?!\d)", device_kind):
            return CHIPS[name]
    return None
