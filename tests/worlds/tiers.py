"""Which tests run: the fast ones always; slow, peer and claim tests when asked for.

`SLOW=1`, `PEERS=1` and `CLAIMS=tables` (a group's name) add a tier; `ONLY=1` leaves the fast ones out.
"""

import os
from typing import Any

import pytest

GROUPS = ("tables", "pythons", "compiled", "services")


def wanted(item: pytest.Item) -> bool:
    """Tells whether a test belongs to the tiers asked for."""
    group = item.get_closest_marker("claims")
    if group is not None:
        (name,) = group.args
        if name not in GROUPS:
            raise pytest.UsageError(f"{item.nodeid}: no group {name!r} of claims: {GROUPS}")
        return os.environ.get("CLAIMS") == name
    tiers = [tier for tier in ("slow", "peers") if item.get_closest_marker(tier)]
    if not tiers:
        return os.environ.get("ONLY") != "1"
    return all(os.environ.get(tier.upper()) == "1" for tier in tiers)


def deselect_other_tiers(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Removes tests of other tiers from `items`; pytest counts them as deselected, not skipped."""
    others = [item for item in items if not wanted(item)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if wanted(item)]


def _no_skip(report: Any, what: str) -> None:
    without_data = os.environ.get("CLOVA_DATA") == "none" and "no real data" in str(report.longrepr)
    if report.skipped and not hasattr(report, "wasxfail") and not without_data:
        report.outcome = "failed"
        report.longrepr = f"{what} was skipped, and CI skips nothing: {report.longrepr}"


class SkipsAreFailures:
    """Makes a skipped test a failed one, but for those that want real data where there is none."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo):
        """Looks at each report before anyone counts it."""
        outcome = yield
        _no_skip(outcome.get_result(), item.nodeid)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector):
        """Looks at files that skip themselves whole."""
        outcome = yield
        _no_skip(outcome.get_result(), collector.nodeid)
