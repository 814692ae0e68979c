"""What a browser may do on a page of Earshot, as headers (CSP Level 3, Permissions Policy, Fetch)."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser

NOT_USED = (
    "accelerometer",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
"""Features of browsers that no page of Earshot needs."""
OWN_ONLY = ("autoplay", "clipboard-write", "fullscreen", "microphone")
HSTS_S = 365 * 24 * 3600


class _InlineScripts(HTMLParser):
    """Collects the text of scripts that stand in the document itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_inside = tag == "script" and "src" not in dict(attrs)
        if self._is_inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.found[-1] += data


def inline_script_hashes(document: str) -> tuple[str, ...]:
    """The CSP sources that allow a document's own inline scripts, and no others."""
    parser = _InlineScripts()
    parser.feed(document.replace("\r\n", "\n"))
    parser.close()
    digests = (hashlib.sha256(script.encode()).digest() for script in parser.found)
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def content_policy(script_hashes: Iterable[str], is_https: bool, form_targets: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of every answer.

    Args:
        script_hashes: sources of the inline scripts that the pages come with.
        is_https: browsers come over HTTPS.
        form_targets: other origins that a form may lead to: the sign-in provider's.
    """
    directives: dict[str, Iterable[str]] = {
        "default-src": ("'none'",),
        # blob: is how Streamlit loads a component's own script; a script has to run already to make one.
        # WebAssembly is Streamlit's 64-bit arithmetic; it too has to be compiled by a script that already runs.
        "script-src": ("'self'", "blob:", "'wasm-unsafe-eval'", *script_hashes),
        # Streamlit, its components and Plotly write style elements and attributes whose text is not known beforehand.
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:"),
        # Streamlit carries one of its fonts in its style sheet.
        "font-src": ("'self'", "data:"),
        "media-src": ("'self'",),
        "connect-src": ("'self'",),
        "frame-src": ("'self'",),
        "worker-src": ("'self'",),
        "manifest-src": ("'self'",),
        "base-uri": ("'none'",),
        "form-action": ("'self'", *form_targets),
        "frame-ancestors": ("'self'",),
    }
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
    return f"{policy}; upgrade-insecure-requests" if is_https else policy


def security_headers(policy: str, is_https: bool) -> Mapping[str, str]:
    """The headers of every answer."""
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        # Links hold tokens: no other site is told of them.
        "referrer-policy": "same-origin",
        "permissions-policy": ", ".join(
            [f"{name}=(self)" for name in OWN_ONLY] + [f"{name}=()" for name in NOT_USED],
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if is_https:
        headers["strict-transport-security"] = f"max-age={HSTS_S}"
    return headers
