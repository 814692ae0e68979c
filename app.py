"""The server: Streamlit's pages, and the HTTP application beside them. `streamlit run app.py` finds `app`."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount

from core import backend
from core.access.oidc import login_secrets
from core.api.application import create_api
from core.api.base_path import ApiUnderBasePath, base_path
from core.api.guards.redaction import Redactor, redact_logs, secrets_of
from core.api.guards.stack import guards
from core.api.shutdown import ShutdownNotice
from core.model.errors import EarshotError
from core.settings import Settings, load_settings

shutdown = ShutdownNotice()


def prepare() -> tuple[Settings, list[Middleware], dict[str, dict[str, str]] | None]:
    """What has to be known before the server is made: settings, guards, and the sign-in provider's secrets."""
    try:
        settings = load_settings()
        logging.getLogger().setLevel(settings.log_level)
        redact_logs(Redactor(secrets_of(settings)))
        outermost = Middleware(ApiUnderBasePath, base=base_path(settings.public_url))
        return settings, [outermost, *guards(settings)], login_secrets(settings)
    except EarshotError as error:
        raise SystemExit(str(error)) from None


settings, middleware, secrets = prepare()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the backend before the first page, and close it after the last."""
    try:
        opened = await asyncio.to_thread(backend.Backend, settings)
    except EarshotError as error:
        # The server prints whatever ends its start as a traceback; what the operator needs is the sentence.
        sys.tracebacklimit = 0
        raise SystemExit(str(error)) from None
    backend.install(opened)
    shutdown.watch_signals(opened.drain)
    try:
        yield
    finally:
        backend.install(None)
        await asyncio.to_thread(opened.close)
        await shutdown.close()


app = st.App(
    "pages/main.py",
    routes=[Mount("/api", app=create_api(backend.current, shutdown))],
    middleware=middleware,
    secrets=secrets,
    lifespan=lifespan,
)
