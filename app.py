"""The server: Streamlit's pages, and the HTTP application beside them. `streamlit run app.py` finds `app`."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.routing import Mount

from core import backend
from core.api.application import create_api
from core.api.shutdown import ShutdownNotice
from core.model.errors import EarshotError
from core.settings import load_settings

shutdown = ShutdownNotice()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Open the backend before the first page, and close it after the last."""
    try:
        settings = load_settings()
        logging.getLogger().setLevel(settings.log_level)
        opened = await asyncio.to_thread(backend.Backend, settings)
    except EarshotError as error:
        # The server prints whatever ends its start as a traceback; what the operator needs is the sentence.
        sys.tracebacklimit = 0
        raise SystemExit(str(error)) from None
    backend.install(opened)
    shutdown.watch_signals()
    try:
        yield
    finally:
        backend.install(None)
        await asyncio.to_thread(opened.close)


app = st.App("pages/main.py", routes=[Mount("/api", app=create_api(backend.current, shutdown))], lifespan=lifespan)
