"""A budget for each file of the fast tier: the run fails when a file takes clearly more.

Counted is processor time, of the test's process and of those it started: it depends less than the clock on what
else the machine does, but still by tens of percent, and on the machine itself by more. So a file is named from
`SECONDS` on, and fails the run only beyond one and a half times that, and beyond a twentieth of the whole run.
Imports and fixtures count for the test that needs them first.
"""

import os
import resource
from collections import Counter
from collections.abc import Iterator

import pytest

SECONDS = 20.0
MARGIN = 1.5
SHARE = 1 / 20


def _spent() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


class Budget:
    """Adds up the processor time of each test file, over all worker processes.

    Args:
        config: pytest's; the budget holds where only fast tests run.
        seconds: processor time that a file may take.
    """

    def __init__(self, config: pytest.Config, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.files: Counter[str] = Counter()
        tiers = any(os.environ.get(name) for name in ("SLOW", "PEERS", "CLAIMS", "CLOVA_COMPILE"))
        self.holds = not tiers
        self.worker = hasattr(config, "workerinput")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Notes what a test costs on its report, which travels from the workers."""
        before = _spent()
        item.user_properties.append(("processor_before", before))
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo):
        """Writes the cost so far on the report of the teardown, the last of a test."""
        outcome = yield
        report = outcome.get_result()
        if call.when == "teardown":
            before = dict(item.user_properties)["processor_before"]
            report.user_properties = [("processor_seconds", _spent() - before)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds a test's cost to its file's."""
        if report.when == "teardown":
            seconds = dict(report.user_properties).get("processor_seconds", 0.0)
            self.files[report.nodeid.partition("::")[0]] += seconds

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fails the run when a file took more than its budget."""
        if self.over() and not self.worker and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def over(self, seconds: float | None = None) -> list[tuple[str, float]]:
        """Lists the files beyond `seconds` (by default what fails the run), the worst first, with what they took."""
        if not self.holds:
            return []
        if seconds is None:
            seconds = max(
                self.seconds * MARGIN,
                sum(self.files.values()) * SHARE if len(self.files) > 1 / SHARE else 0,
            )
        return [(file, spent) for file, spent in self.files.most_common() if spent > seconds]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Shows the dearest files, and those beyond the budget."""
        total = sum(self.files.values())
        if total < self.seconds:
            return
        terminalreporter.section("processor time a file")
        for file, seconds in self.files.most_common(15):
            terminalreporter.line(f"{seconds:8.1f} s  {file}")
        terminalreporter.line(f"{total:8.1f} s  all files")
        failed = self.over()
        for file, seconds in self.over(self.seconds):
            terminalreporter.line(
                f"{'FAILED' if (file, seconds) in failed else 'over'} {file}: {seconds:.1f} s of processor time, "
                f"the budget is {self.seconds:g} s: make it quicker, or mark its long tests slow"
            )
