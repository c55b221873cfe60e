"""Several processes as one: `jax.distributed`, from the environment or from explicit numbers.

Slurm, Kubernetes, Open MPI and TPU pods are recognised by JAX itself. Anywhere else say it:

    CLOVA_COORDINATOR=host:1234 CLOVA_PROCESSES=2 CLOVA_PROCESS=0 clova pretrain …
"""

import os

import jax

from clova_jax.common.errors import ClovaError

_CLUSTERS = (
    "SLURM_STEP_NODELIST",
    "OMPI_MCA_orte_hnp_uri",
    "JOB_COMPLETION_INDEX",
    "TPU_WORKER_HOSTNAMES",
)


def join_processes(
    coordinator: str | None = None, processes: int | None = None, process: int | None = None
) -> tuple[int, int]:
    """Joins this process to the others; call it before anything touches a device.

    Does nothing where neither the arguments, nor CLOVA_COORDINATOR, CLOVA_PROCESSES and CLOVA_PROCESS, nor a
    cluster's own variables speak of several processes.

    Args:
        coordinator: "host:port" of process 0.
        processes: how many there are.
        process: which one this is, from 0.

    Returns:
        (index of this process, number of processes).

    Raises:
        ClovaError: some of the three numbers are missing or do not fit; the coordinator does not answer.
    """
    coordinator = coordinator or os.environ.get("CLOVA_COORDINATOR")
    processes = _number(processes, "CLOVA_PROCESSES")
    process = _number(process, "CLOVA_PROCESS")
    given = (coordinator, processes, process)
    if all(value is None for value in given):
        if any(int(os.environ.get(name, "1") or 1) > 1 for name in ("SLURM_NTASKS",)) or any(
            name in os.environ for name in _CLUSTERS[1:]
        ):
            jax.distributed.initialize()
        return jax.process_index(), jax.process_count()
    if any(value is None for value in given):
        raise ClovaError(
            f"several processes: coordinator={coordinator}, processes={processes}, process={process}; "
            "give all three (CLOVA_COORDINATOR=host:port, CLOVA_PROCESSES=N, CLOVA_PROCESS=0..N-1)"
        )
    if not 0 <= process < processes:
        raise ClovaError(
            f"several processes: process={process} is not one of 0..{processes - 1} (processes={processes})"
        )
    if ":" not in coordinator:
        raise ClovaError(
            f"several processes: coordinator {coordinator!r} has no port; host:1234, say"
        )
    try:
        jax.distributed.initialize(coordinator, processes, process)
    except RuntimeError as error:
        told, _, _ = str(error).partition("\n")
        raise ClovaError(
            f"several processes: {coordinator} could not be joined ({told}); "
            "is process 0 running there, and did nothing use JAX before that?"
        ) from None
    return jax.process_index(), jax.process_count()


def _number(value: int | None, variable: str) -> int | None:
    text = os.environ.get(variable)
    if value is not None or text is None:
        return value
    if not text.isdigit():
        raise ClovaError(f"{variable}={text!r} is not a whole number")
    return int(text)
