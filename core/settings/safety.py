"""Settings that cannot stand together, and what production refuses."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from core.model.errors import SettingInvalid
from core.settings.choices import AssistEngine, Environment, IcePolicy
from core.settings.fields import PREFIX, Settings
from core.settings.opening_hours import settings_hours

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Bind addresses that only this machine reaches."""
EPHEMERAL_FLOOR = 1024
_PLACE = r":[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:(?P<port>[0-9]{1,5}))?"
_STUN_SERVER = re.compile(f"stun{_PLACE}")
# TLS is for TCP only: neither aioice nor browsers speak DTLS to a TURN server.
_TURN_SERVER = re.compile(rf"(turn|(?P<tls>turns)){_PLACE}(\?transport=((?(tls)(?!)|udp)|tcp))?")
LONGEST_HOST = 253
"""Characters of a host name (RFC 1035, without the last full stop)."""
_ADDRESSES = (
    "public_url", "oidc_metadata_url", "google_endpoint", "openai_base_url", "realtime_base_url", "guidance_url",
    "embedding_url", "webhook_url",
)  # fmt: skip
_IN_AN_ADDRESS = re.compile(r"[!-~]+")
_SENT_IN_HEADERS = ("guidance_key", "guidance_token", "embedding_key", "openai_api_key", "realtime_api_key")
_IN_A_HEADER = re.compile(r"[ -~]+")


def check_together(settings: Settings) -> None:
    """Refuse what cannot be or, in production, is not safe.

    Raises:
        SettingInvalid: naming the first key to be corrected.
    """
    for key, reason in _contradictions(settings):
        raise SettingInvalid(key=PREFIX + key.upper(), reason=reason)
    if settings.env is Environment.PRODUCTION:
        for key, reason in _dangers(settings):
            raise SettingInvalid(key=PREFIX + key.upper(), reason=f"{reason} (EARSHOT_ENV is production)")


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    for key in _ADDRESSES:
        if reason := _address_problem(getattr(settings, key), is_as_sent=key == "webhook_url"):
            yield key, reason
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        yield "tls_key" if settings.tls_key is None else "tls_certificate", "certificate and key belong together"
    for key in ("tls_certificate", "tls_key"):
        file = getattr(settings, key)
        if file is not None and not file.is_file():
            yield key, f"there is no file {file}"
    if settings.media_address:
        try:
            ip_address(settings.media_address)
        except ValueError:
            yield "media_address", "it is not an IP address"
    if settings.media_ports:
        low, high = (int(part) for part in settings.media_ports.split("-"))
        if not EPHEMERAL_FLOOR <= low < high <= 65535:
            yield "media_ports", f"it is not a range within {EPHEMERAL_FLOOR} to 65535"
    yield from _relay_contradictions(settings)
    for key in _SENT_IN_HEADERS:
        secret = getattr(settings, key)
        if secret is not None and not _IN_A_HEADER.fullmatch(secret.get_secret_value()):
            yield key, "it is sent in a header, which holds nothing but letters, digits and signs of ASCII"
    if _is_open(settings.google_endpoint):
        yield "google_endpoint", "without TLS it may be on this machine only"
    yield from _model_contradictions(settings)
    yield from _guidance_contradictions(settings)
    yield from _persona_contradictions(settings)
    if settings.webhook_url and settings.webhook_secret is None:
        yield "webhook_secret", "EARSHOT_WEBHOOK_URL needs it, for the receiver to tell whose alerts it gets"
    if settings.oidc_metadata_url:
        if not settings.public_url:
            yield "public_url", "the sign-in provider has to know where to send people back to"
        for key in ("oidc_client_id", "oidc_client_secret", "oidc_roles"):
            if not getattr(settings, key):
                yield key, "EARSHOT_OIDC_METADATA_URL needs it"


def _model_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    has_server = settings.openai_api_key is not None or settings.openai_base_url
    if settings.assist_engine is AssistEngine.OPENAI and not has_server:
        yield (
            "assist_engine",
            "openai needs EARSHOT_OPENAI_API_KEY, or EARSHOT_OPENAI_BASE_URL for a server without key",
        )
    if settings.openai_api_key is not None and _is_open(settings.openai_base_url):
        yield "openai_base_url", "the key would cross the network without TLS; use https://, or a server without key"


def _persona_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.effective_realtime_key is not None and _is_open(settings.realtime_base_url):
        yield "realtime_base_url", "the key would cross the network without TLS; use https://, or a server without key"
    hours = settings_hours(settings)
    if isinstance(hours, tuple):
        yield hours[0], str(hours[1])


def _guidance_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    if bool(settings.embedding_url) != bool(settings.embedding_model):
        missing = "embedding_model" if settings.embedding_url else "embedding_url"
        yield missing, "EARSHOT_EMBEDDING_URL and EARSHOT_EMBEDDING_MODEL belong together"
    for key, secret in (("guidance_url", settings.guidance_key), ("embedding_url", settings.embedding_key)):
        if secret is not None and _is_open(getattr(settings, key)):
            yield key, "the key would cross the network without TLS; use https://, or a server without key"


def _address_problem(url: str, is_as_sent: bool) -> str:
    """Why no connection could ever be made to an address; empty where one could. The value is not repeated.

    Args:
        url: Of a setting, whose pattern it fits; or empty.
        is_as_sent: Whether nobody translates it any more: a host name in another script, a path with spaces.
    """
    if not url:
        return ""
    if is_as_sent and not _IN_AN_ADDRESS.fullmatch(url):
        return "only signs of ASCII can be sent; write a host name in its form xn--..., and other signs as %..."
    try:
        place = urlsplit(url)
        host, port = place.hostname or "", place.port
        # As the system's resolver is given it: labels of 1 to 63 characters (RFC 1035).
        length = len(host.encode("idna"))
    except ValueError:
        return "its host name, or its port, is not possible"
    return "its host name, or its port, is not possible" if not 0 < length <= LONGEST_HOST or port == 0 else ""


def _is_open(url: str) -> bool:
    """Whether what is sent to an address can be read on its way there."""
    return url.startswith("http://") and urlsplit(url).hostname not in LOCAL_NAMES


def _relay_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong about STUN and TURN. No value is repeated: somebody may have put a password into an address."""
    forms = {
        "stun_servers": (_STUN_SERVER, "stun:host:port"),
        "turn_servers": (_TURN_SERVER, "turn:host:port?transport=udp, ...?transport=tcp, or turns:host:port"),
    }
    for key, (form, words) in forms.items():
        for number, url in enumerate(getattr(settings, key), 1):
            match = form.fullmatch(url)
            if match is None or not 0 < int(match["port"] or 1) <= 65535:
                yield key, f"server number {number} is not of the form {words} (host: a name or an IPv4 address)"
    is_fixed = bool(settings.turn_username) or settings.turn_password is not None
    if is_fixed and settings.turn_secret is not None:
        yield "turn_secret", "EARSHOT_TURN_USERNAME or EARSHOT_TURN_PASSWORD is set, too; keep one kind of credentials"
    if bool(settings.turn_username) != (settings.turn_password is not None):
        missing = "turn_password" if settings.turn_username else "turn_username"
        yield missing, "EARSHOT_TURN_USERNAME and EARSHOT_TURN_PASSWORD belong together"
    has_credentials = is_fixed or settings.turn_secret is not None
    if settings.turn_servers and not has_credentials:
        wanted = "EARSHOT_TURN_SECRET, or EARSHOT_TURN_USERNAME and EARSHOT_TURN_PASSWORD"
        yield "turn_servers", f"they need credentials; set {wanted}"
    if has_credentials and not settings.turn_servers:
        yield "turn_servers", "there are credentials for TURN servers, but none of these is named"
    if settings.ice_policy is IcePolicy.RELAY and not settings.turn_servers:
        yield "ice_policy", "relay needs a TURN server; set EARSHOT_TURN_SERVERS"


def _dangers(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.users_file is None and not settings.oidc_metadata_url:
        yield "users_file", "nobody could sign in; set it or EARSHOT_OIDC_METADATA_URL"
    if not settings.public_url.startswith("https://"):
        yield "public_url", "it must be an https:// address, because browsers give no microphone to others"
    if settings.bind_address not in LOCAL_NAMES and settings.tls_certificate is None:
        yield (
            "bind_address",
            "other machines would reach it without TLS; use localhost behind a proxy, or a certificate",
        )
    if "*" in settings.trusted_hosts:
        yield "trusted_hosts", "every host name would be answered"
    if "*" in settings.trusted_proxies:
        yield "trusted_proxies", "everybody could claim any address"
    if any(origin in {"*", "https://*", "http://*"} for origin in settings.cors_origins):
        yield "cors_origins", "every web site could use the API"
    if settings.oidc_metadata_url.startswith("http://"):
        yield "oidc_metadata_url", "it must be an https:// address"
    if _is_open(settings.openai_base_url):
        yield "openai_base_url", "what is said would cross the network without TLS"
    if _is_open(settings.realtime_base_url):
        yield "realtime_base_url", "what is said would cross the network without TLS"
    if _is_open(settings.guidance_url):
        yield "guidance_url", "summaries of calls would cross the network without TLS"
    if _is_open(settings.embedding_url):
        yield "embedding_url", "the handbook and summaries of calls would cross the network without TLS"
    if settings.webhook_url.startswith("http://") and not settings.webhook_private:
        yield "webhook_url", "it must be an https:// address"
    if settings.log_level == "DEBUG":
        yield "log_level", "libraries write out more than a log may hold"
