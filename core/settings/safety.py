"""Settings that cannot stand together, and what production refuses."""

from collections.abc import Iterator
from ipaddress import ip_address

from core.model.errors import SettingInvalid
from core.settings.fields import PREFIX, Environment, Settings

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Bind addresses that only this machine reaches."""
EPHEMERAL_FLOOR = 1024


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
    if settings.oidc_metadata_url:
        if not settings.public_url:
            yield "public_url", "the sign-in provider has to know where to send people back to"
        for key in ("oidc_client_id", "oidc_client_secret", "oidc_roles"):
            if not getattr(settings, key):
                yield key, "EARSHOT_OIDC_METADATA_URL needs it"


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
    if settings.log_level == "DEBUG":
        yield "log_level", "libraries write out more than a log may hold"
