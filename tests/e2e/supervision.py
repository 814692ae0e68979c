"""What tests do with a supervisor's row of modes, and what they ask of its microphone."""

from playwright.sync_api import Page, expect

SPY = """
() => {
  const asked = (window.top.asked ??= []);
  const devices = window.MediaDevices?.prototype;
  if (!devices) return;
  const native = devices.getUserMedia;
  devices.getUserMedia = async function (request) {
    const stream = await native.call(this, request);
    asked.push(stream.getAudioTracks()[0]);
    return stream;
  };
}
"""
"""Keeps every microphone that the browser gave to any frame of the page in `window.asked`."""


def microphones(page: Page) -> list[str]:
    """The state of every microphone that the browser gave so far: live or ended."""
    return list(page.evaluate("(window.asked ?? []).map((track) => track.readyState)"))


def choose_mode(page: Page, name: str) -> None:
    """Press a mode's button."""
    page.get_by_role("button", name=name, exact=True).click()


def expect_mode(page: Page, name: str, sentence: str) -> None:
    """The mode is in force on the server, and the page says who hears the supervisor."""
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true", timeout=20_000)
    expect(page.locator(".says")).to_have_text(sentence)
