"""Makes virtual devices of the CPU, so that a mesh can be tried, or planned for, on one machine."""

import os

import jax

from clova_jax.common.errors import ClovaError

_FLAG = "--xla_force_host_platform_device_count"
_THREADS = "64"  # enough for eight devices to meet in a collective, however few cores there are


def use_virtual_devices(count: int) -> list[jax.Device]:
    """Returns `count` CPU devices, made before JAX has started; or those that it has, if they are enough.

    Raises:
        ClovaError: JAX has started with fewer.
    """
    flags = os.environ.get("XLA_FLAGS", "").split()
    kept = " ".join(flag for flag in flags if not flag.startswith(_FLAG))
    os.environ.setdefault("NPROC", _THREADS)
    try:
        jax.config.update("jax_num_cpu_devices", count)
        jax.config.update("jax_platforms", "cpu")
        os.environ["XLA_FLAGS"] = kept
    except RuntimeError:
        pass
    devices = jax.devices()
    if len(devices) < count:
        raise ClovaError(
            f"{count} virtual devices: JAX has already started with {len(devices)}; "
            "ask for them in a process of its own (in a notebook, restart the kernel)"
        )
    return devices
