"""What Streamlit's `st.login` has to know of the sign-in provider."""

from core.access.tokens import derived_key, server_key
from core.settings import Settings

CALLBACK = "oauth2callback"
"""The path, below the public URL, to which the provider sends people back."""


def login_secrets(settings: Settings) -> dict[str, dict[str, str]] | None:
    """The section `auth` of Streamlit's secrets; None where no provider is set up. May make the server's key."""
    if not settings.oidc_metadata_url or settings.oidc_client_secret is None:
        return None
    return {
        "auth": {
            "redirect_uri": f"{settings.public_url.rstrip('/')}/{CALLBACK}",
            "cookie_secret": derived_key(server_key(settings), "login"),
            "client_id": settings.oidc_client_id,
            "client_secret": settings.oidc_client_secret.get_secret_value(),
            "server_metadata_url": settings.oidc_metadata_url,
        }
    }
