"""The pages run under the content policy that they are sent with: nothing they need is blocked, and nothing else is
allowed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from core.settings import PROJECT_ROOT
from tests.e2e.conftest import ACTION_LIMIT_MS
from tests.support.browser import audio_stats, eventually, press_start
from tests.support.streamlit_server import Server, running_server

APP = PROJECT_ROOT / "app.py"
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`VIOLATION of ${event.effectiveDirective} by ${event.blockedURI} at ${event.sourceFile}`));
"""
Watched = Callable[[str], tuple[Page, list[str]]]


@pytest.fixture(scope="module")
def server(network: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(APP, tmp_path_factory.mktemp("policy"), health="/api/health") as server:
        yield server


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """`watched(url)`: a page, and all that its browser complains about, in every frame."""
    with ExitStack() as stack:

        def open_one(url: str) -> tuple[Page, list[str]]:
            context = stack.enter_context(
                browser.new_context(permissions=["microphone"], viewport={"width": 1440, "height": 900}, locale="en-US")
            )
            context.set_default_timeout(ACTION_LIMIT_MS)
            complaints: list[str] = []

            def heard(message: ConsoleMessage) -> None:
                address = message.location["url"]
                # Opened on a page that is not the first, Streamlit also looks for a server below that page's path.
                is_looking = "404" in message.text and "/_stcore/" in address
                # By this answer a browser's last report of figures learns that the call is over.
                is_over = "409" in message.text and "/api/rtc/samples" in address
                if (message.type == "error" and not is_looking and not is_over) or "policy" in message.text.lower():
                    complaints.append(f"{message.type}: {message.text} ({address})")

            context.on("console", heard)
            context.on("weberror", lambda error: complaints.append(f"uncaught: {error.error}"))
            context.add_init_script(REPORT_VIOLATIONS)
            page = context.new_page()
            page.goto(url)
            return page, complaints

        yield open_one


def is_connected(page: Page) -> bool:
    stats = audio_stats(page)
    return bool(stats) and stats[-1]["state"] == "connected" and stats[-1]["received"] > 0


def test_the_pages_run_under_their_policy_without_a_complaint(server: Server, watched: Watched) -> None:
    agent, agent_complaints = watched(server.url)
    expect(agent.get_by_role("button", name="Start demo call")).to_be_visible(timeout=30_000)
    agent.get_by_role("button", name="New call").click()
    agent.wait_for_url("**/live?call=*")
    agent.context.grant_permissions(["clipboard-read", "clipboard-write", "microphone"])
    agent.get_by_role("button", name="Copy join link").click()
    expect(agent.get_by_text("Copied", exact=True)).to_be_attached()
    link = agent.evaluate("navigator.clipboard.readText()")
    press_start(agent)

    customer, customer_complaints = watched(link)
    customer.get_by_label("Your name").fill("Chris")
    customer.get_by_label("Your name").press("Enter")
    press_start(customer)
    for page in (agent, customer):
        eventually(page, lambda page=page: is_connected(page), "the leg is connected", limit_s=30)
    expect(agent.locator(".es-live .js-plotly-plot svg.main-svg").first).to_be_attached(timeout=30_000)
    agent.wait_for_timeout(3000)
    agent.get_by_role("button", name="End call").click()
    agent.get_by_role("button", name="End it now").click()
    expect(agent.locator(".es-live")).to_contain_text("ended", timeout=30_000)
    assert (agent_complaints, customer_complaints) == ([], [])


def test_the_demo_call_runs_under_the_policy_without_a_complaint(server: Server, watched: Watched) -> None:
    page, complaints = watched(server.url)
    page.get_by_role("button", name="Start demo call").click()
    expect(page.locator(".es-line").first).to_be_visible(timeout=30_000)
    expect(page.locator(".js-plotly-plot svg.main-svg").first).to_be_attached(timeout=30_000)
    page.get_by_role("button", name="End call").click()
    page.get_by_role("button", name="End it now").click()
    expect(page.locator(".es-live")).to_contain_text("ended", timeout=30_000)
    assert complaints == []


@pytest.mark.parametrize(
    "name", sorted({path.stem for path in (PROJECT_ROOT / "pages").glob("*.py")} - {"home", "main"})
)
def test_every_page_opens_under_the_policy_without_a_complaint(server: Server, watched: Watched, name: str) -> None:
    page, complaints = watched(f"{server.url}/{name}")
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached(timeout=30_000)
    # Some elements load their scripts only once they are drawn.
    page.wait_for_timeout(1000)
    assert complaints == []


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        (
            "s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)",
            "script-src",
        ),
        (
            "b = document.createElement('div'); b.innerHTML = '<img src=x onerror=\"ran=1\">'; document.body.append(b)",
            "attr",
        ),
        (
            "s = document.createElement('script'); s.src = 'https://example.org/x.js'; document.body.append(s)",
            "script-src",
        ),
        ("eval('window.ran = 1')", "script-src"),
        ("fetch('https://example.org/').catch(() => 0)", "connect-src"),
        ("f = document.createElement('iframe'); f.src = 'https://example.org/'; document.body.append(f)", "frame-src"),
        ("b = document.createElement('base'); b.href = 'https://example.org/'; document.head.append(b)", "base-uri"),
        ("i = new Image(); i.src = 'https://example.org/x.png'", "img-src"),
    ],
)
def test_the_policy_stops_what_an_attacker_would_do(
    server: Server, watched: Watched, attempt: str, directive: str
) -> None:
    page, complaints = watched(f"{server.url}/join")
    # As a script that the page itself runs would; what Playwright evaluates is not subject to the policy.
    page.evaluate(
        "(code) => { const blob = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));"
        "const s = document.createElement('script'); s.type = 'module'; s.src = blob; document.head.append(s); }",
        f"let s, b, f, i; try {{ {attempt} }} catch {{}}",
    )
    eventually(page, lambda: any("VIOLATION" in c and directive in c for c in complaints), f"{directive} is enforced")
    assert page.evaluate("window.ran") is None
