"""All guards, in their order, from the settings."""

import socket
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.middleware import Middleware

from core.access.visit import PLAIN_COOKIE, SECURE_COOKIE
from core.api.guards.compression import Compression
from core.api.guards.cors import ApiCors, origin_pattern
from core.api.guards.crash import CrashAnswer
from core.api.guards.cross_site import SameOrigin
from core.api.guards.headers import SecurityHeaders
from core.api.guards.hosts import LOOPBACK, TrustedHosts, checked_patterns, own_names
from core.api.guards.policy import content_policy, inline_script_hashes, security_headers
from core.api.guards.rate import RateLimits, Rates
from core.api.guards.size import SizeLimits
from core.api.guards.window import MovingWindows
from core.model.clock import Clock, SystemClock
from core.settings import Environment, Settings

UNCOMPRESSED = frozenset({"/api/session"})
"""Answers with a secret that stays the same and with something the asker chose: compressed, their length would tell
of the secret (BREACH)."""


def guards(settings: Settings, clock: Clock | None = None) -> list[Middleware]:
    """The middleware that `st.App` is given, outermost first; it wraps Streamlit's own.

    Raises:
        SettingInvalid: a pattern of hosts or origins is none.
    """
    origins = origin_pattern(settings.cors_origins)
    is_development = settings.env is Environment.DEVELOPMENT
    hosts = settings.trusted_hosts or own_names(
        settings.bind_address,
        settings.public_host,
        # Only browsers that cannot reach loopback use the machine's name.
        socket.gethostname() if is_development and settings.bind_address not in LOOPBACK else "",
    )
    return [
        Middleware(SecurityHeaders, headers=security_headers(_content_policy(settings), settings.is_https)),
        Middleware(CrashAnswer),
        Middleware(
            TrustedHosts,
            patterns=checked_patterns(hosts),
            answer_own_addresses=is_development and not settings.trusted_hosts,
        ),
        Middleware(SizeLimits, limit_kb=settings.request_limit_kb),
        Middleware(ApiCors, origins=origins),
        Middleware(
            RateLimits,
            rates=Rates(route=settings.rate_limit, pages=settings.page_rate_limit),
            windows=MovingWindows(clock or SystemClock()),
        ),
        Middleware(
            SameOrigin,
            public_url=settings.public_url,
            cors_origins=origins,
            session_cookies=(PLAIN_COOKIE, SECURE_COOKIE),
        ),
        Middleware(Compression, uncompressed=UNCOMPRESSED),
    ]


def _content_policy(settings: Settings) -> str:
    page = (files("streamlit") / "static" / "index.html").read_text(encoding="utf-8")
    provider = urlsplit(settings.oidc_metadata_url)
    targets = (f"{provider.scheme}://{provider.netloc}",) if provider.netloc else ()
    return content_policy(inline_script_hashes(page), settings.is_https, targets)
