"""What holds for every test: nothing of the user's is touched, and with `CI=true` nothing is skipped."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from core.settings import ENV_FILE_KEY, PREFIX
from tests.support.data_folder import make_data_folder
from tests.support.namespace import own_namespace

IN_CI = os.environ.get("CI") == "true"

hypothesis.settings.register_profile("earshot", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("earshot")

_own_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Put a data folder and settings of the tests' own in place, for this process and all that it starts."""
    for key in [key for key in os.environ if key.startswith(PREFIX)]:
        del os.environ[key]
    folder = config.stash[_own_folder] = Path(tempfile.mkdtemp(prefix="earshot-tests-"))
    nothing = folder / "no.env"
    nothing.touch()
    os.environ[f"{PREFIX}DATA_DIR"] = str(make_data_folder(folder / "data"))
    os.environ[ENV_FILE_KEY] = str(nothing)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_own_folder])


@pytest.fixture(scope="module")
def namespace() -> Iterator[tuple[str, str]]:
    """The whole module runs in a network namespace of its own."""
    with own_namespace() as addresses:
        yield addresses


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    if IN_CI and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"With CI=true no test may be skipped: {reason}"
