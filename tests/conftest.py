"""Eight virtual CPU devices for every test, and the real data where it is at hand."""

import os

# Before JAX starts: NPROC gives XLA:CPU enough threads for eight devices to meet in collectives.
os.environ.setdefault("NPROC", "64")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# LLVM's optimiser off: most tests compile far longer than they compute, and this halves them.
_FLAGS = (
    "--xla_force_host_platform_device_count=8",
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
)
for _flag in _FLAGS:
    if _flag.split("=")[0] not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_flag}".strip()

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("shared", deadline=None)  # a busy machine is no failure
settings.load_profile("shared")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Korean data: `CLOVA_DATA`, or `../shared/data` beside the checkout."""
    folder = Path(os.environ.get("CLOVA_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set CLOVA_DATA")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow and peer tests run when asked for: `SLOW=1`, `PEERS=1`."""
    for marker, variable in (("slow", "SLOW"), ("peers", "PEERS")):
        if os.environ.get(variable) == "1":
            continue
        skip = pytest.mark.skip(reason=f"set {variable}=1 to run it")
        for item in items:
            if marker in item.keywords:
                item.add_marker(skip)
