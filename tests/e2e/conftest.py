"""A namespace, a server and real browsers for end-to-end tests.

The whole package runs in one network namespace (see tests/support/namespace.py): the thread that runs the tests moves
there, so the servers and browsers it starts are inside. Pages are opened on 127.0.0.1, which is a secure context; ICE
uses the namespace's other addresses.
"""

import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from core.settings import PROJECT_ROOT
from tests.support.browser import browser_problem, launch_chromium, write_tone
from tests.support.namespace import namespace_problem, own_namespace
from tests.support.streamlit_server import Server, running_server

HERE = Path(__file__).parent
PATIENCE_MS = 30_000
"""How long an expectation about a page may take to come true, on a busy machine too."""
ACTION_LIMIT_MS = 60_000
"""How long a page may take until something can be pressed on it; it may have to be opened for that."""
OpenPage = Callable[..., Page]
LaunchBrowser = Callable[..., Browser]
Serve = Callable[..., Server]
Act = Callable[[str], None]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    problem = browser_problem() or namespace_problem()
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.namespace)
        if problem and os.environ.get("CI") != "true":
            item.add_marker(pytest.mark.skip(reason=f"NOT TESTED: {problem}"))
        if item.get_closest_marker("soak") and "soak" not in config.option.markexpr:
            item.add_marker(pytest.mark.skip(reason="NOT RUN: takes more than 20 minutes; run `pytest -m soak`"))


@pytest.fixture(scope="package")
def network() -> Iterator[tuple[str, str]]:
    """The package's own network; its two addresses."""
    with own_namespace() as addresses:
        yield addresses


@pytest.fixture(scope="package")
def playwright(network: tuple[str, str]) -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake microphone hears by default."""
    return write_tone(tmp_path_factory.mktemp("microphone") / "tone.wav")


@pytest.fixture(scope="package")
def browser(playwright: Playwright, tone: Path) -> Iterator[Browser]:
    """One Chromium for all tests that are content with the tone."""
    with launch_chromium(playwright, microphone=tone) as browser:
        yield browser


@pytest.fixture
def launch_browser(playwright: Playwright) -> Iterator[LaunchBrowser]:
    """`launch_browser(microphone=wav, allow_microphone=True)`: another Chromium, closed after the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(launch_chromium(playwright, **options))


@pytest.fixture(scope="module")
def real_server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The whole product, one for all tests of a module."""
    with running_server(PROJECT_ROOT / "app.py", tmp_path_factory.mktemp("earshot"), health="/api/health") as server:
        yield server


@pytest.fixture(scope="module")
def server(real_server: Server) -> Server:
    """What a module's tests open pages of, unless it has a server of its own."""
    return real_server


@pytest.fixture
def act(server: Server) -> Act:
    """`act(step)`: let something happen on the server of an app that was made for a test (tests/e2e/apps)."""

    def post(step: str) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{server.url}/act/{step}", method="POST"), timeout=10)

    return post


@pytest.fixture
def serve(network: tuple[str, str], tmp_path: Path) -> Iterator[Serve]:
    """`serve(script, environment=...)`: `streamlit run script` with its own data folder, stopped after the test."""
    with ExitStack() as stack:
        yield lambda script, **options: stack.enter_context(
            running_server(script, options.pop("data_dir", tmp_path / "data"), **options)
        )


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """`open_page(url, width=, height=, locale=, theme=, browser=, microphone=True)`: a page in a context of its own."""
    with ExitStack() as stack:

        def open_one(
            url: str,
            *,
            width: int = 1440,
            height: int = 900,
            locale: str = "en-US",
            theme: str = "light",
            browser: Browser = browser,
            microphone: bool = True,
        ) -> Page:
            context = stack.enter_context(
                browser.new_context(
                    viewport={"width": width, "height": height},
                    locale=locale,
                    color_scheme="dark" if theme == "dark" else "light",
                    permissions=["microphone"] if microphone else [],
                )
            )
            context.set_default_timeout(ACTION_LIMIT_MS)
            page = context.new_page()
            page.goto(url)
            return page

        yield open_one
