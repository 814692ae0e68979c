"""In which order a server's parts are closed."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model.call import CallId, CallOrigin, Role
from core.model.clock import SystemClock
from core.model.utterance import Recognition
from core.parts import Parts
from core.settings import Settings
from core.store.records import Store
from tests.fakes.openai_server import PARAMETERS, OpenAIServer, keeps_silent, serving
from tests.support.waiting import wait_for


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving(OpenAIServer(parameters=PARAMETERS | {"max_tokens"}, script=keeps_silent)) as fake:
        yield fake


async def ended_call(parts: Parts) -> CallId:
    """A call in which something was said, and which is over."""
    session = await parts.registry.start("en", CallOrigin.SCRIPT)
    customer = await session.join(Role.CUSTOMER, "Chris")
    session.said(customer.id, Recognition(0, "I was charged twice for my order.", True, 0.0, 1.0))
    await session.end()
    return session.call.id


def test_a_wrap_up_that_hangs_at_the_model_is_let_go_and_kept_before_the_store_is_closed(
    tmp_path: Path, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, openai_base_url=server.base_url, openai_model=server.model)
    parts = Parts(settings, SystemClock())
    try:
        call_id = parts.loop.wait(lambda: ended_call(parts), 30.0)
        assert wait_for(lambda: len(server.requests) == 2, 30.0), "the summary and the wrap-up are asked for"
    finally:
        parts.close()
    assert "is still being drafted" not in caplog.text
    store = Store.open(settings.effective_database_url)
    wrap_up = store.load_call(call_id).wrap_up
    store.close()
    assert wrap_up is not None
    assert wrap_up.draft is not None
    assert (wrap_up.draft.engine, wrap_up.draft.stands_in_for) == ("extractive", "ModelUnreachable")


def test_a_check_that_hangs_at_the_model_is_let_go_when_the_server_is_closed(
    tmp_path: Path, server: OpenAIServer
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, openai_base_url=server.base_url, openai_model=server.model)
    parts = Parts(settings, SystemClock())
    try:
        assert parts.doctor.start({"model"}).is_running
        assert wait_for(lambda: len(server.requests) == 1, 30.0), "the model is asked"
        assert parts.doctor.start().is_running, "a second run does not begin"
    finally:
        parts.close()
    assert len(server.requests) == 1
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("earshot-doctor")]
