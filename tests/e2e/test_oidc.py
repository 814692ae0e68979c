"""Signing in with an OpenID Connect provider, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage, Serve
from tests.fakes.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, running_provider
from tests.support.browser import screenshot
from tests.support.streamlit_server import ROOT, Server, free_port


def environment_for(provider: OidcProvider, port: int) -> dict[str, str]:
    return {
        "EARSHOT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "EARSHOT_OIDC_METADATA_URL": f"{provider.issuer}/.well-known/openid-configuration",
        "EARSHOT_OIDC_CLIENT_ID": CLIENT_ID,
        "EARSHOT_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "EARSHOT_OIDC_ROLES": "ops-leads=supervisor, staff=agent",
    }


@pytest.mark.parametrize(
    ("groups", "words"),
    [(["staff", "ops-leads"], "이슬 · Supervisor"), (["visitors"], "이슬 has no role in Earshot")],
)
def test_the_provider_s_groups_give_the_role(serve: Serve, open_page: OpenPage, groups: list[str], words: str) -> None:
    with running_provider({"sub": "7", "name": "이슬", "groups": groups}) as provider:
        port = free_port()
        server: Server = serve(
            ROOT / "app.py", environment=environment_for(provider, port), health="/api/health", port=port
        )
        page = open_page(server.url)
        page.get_by_role("button", name="Continue with your organisation").click()
        expect(page.get_by_text(words)).to_be_visible()
        screenshot(page, f"oidc-{'-'.join(groups)}")
        if "ops-leads" in groups:
            kept = page.context.cookies()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("button", name="Continue with your organisation")).to_be_visible()
            page.context.add_cookies(kept)
            page.goto(server.url)
            expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
        assert CLIENT_SECRET not in server.log
