"""What every test has: eight virtual CPU devices, the tiers, a budget a file, and the real data where it is at hand."""

import atexit
import os
import shutil
import tempfile

# `CLOVA_COMPILE=users`: compile as users do, on one device and with LLVM's optimiser (the claims' group "compiled").
AS_USERS = os.environ.get("CLOVA_COMPILE") == "users"

# Before JAX starts: NPROC gives XLA:CPU enough threads for eight devices to meet in collectives.
os.environ.setdefault("NPROC", "64")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the Hub
_FLAGS = ["--xla_force_host_platform_device_count=8"]
if not AS_USERS:
    # Most tests compile far longer than they compute. LLVM's optimiser off, loops written without MLIR and
    # one piece a program for LLVM: a sixth of the compiler's time.
    _FLAGS += [
        "--xla_backend_optimization_level=0",
        "--xla_llvm_disable_expensive_passes=true",
        "--xla_backend_extra_options=xla_cpu_disable_new_fusion_emitters",
        "--xla_cpu_parallel_codegen_split_count=1",
    ]
for _flag in _FLAGS:
    if _flag.split("=")[0] not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_flag}".strip()
if "CLOVA_COMPILATION_CACHE" not in os.environ:
    # A program is compiled once a run of pytest: its workers and the processes that tests start share it.
    _programs = tempfile.mkdtemp(prefix="clova_test_programs_")
    atexit.register(shutil.rmtree, _programs, ignore_errors=True)
    os.environ["CLOVA_COMPILATION_CACHE"] = _programs

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from tests.worlds.budget import Budget  # noqa: E402
from tests.worlds.sample_world import SampleWorld, make_sample_world  # noqa: E402
from tests.worlds.tiers import SkipsAreFailures, deselect_other_tiers  # noqa: E402

settings.register_profile("shared", deadline=None)  # a busy machine is no failure
settings.load_profile("shared")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Korean data: `CLOVA_DATA`, or `../shared/data` beside the checkout."""
    folder = Path(os.environ.get("CLOVA_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set CLOVA_DATA, or CLOVA_DATA=none to do without")
    return folder


@pytest.fixture(scope="session")
def sample_world() -> SampleWorld:
    """The quickstart's model, tokenizer and data, trained once for all tests."""
    return make_sample_world()


def pytest_configure(config: pytest.Config) -> None:
    """Times each file; skips count as failures in continuous integration."""
    config.pluginmanager.register(Budget(config), "budget")
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(SkipsAreFailures(), "skips_are_failures")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the tests of the tier asked for."""
    deselect_other_tiers(config, items)
