"""A rehearsal that answers with a language model of the settings."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.model.errors import EarshotError, ModelServerFailed, ModelUnreachable
from core.persona.rehearsal.answers import EXACTLY, Asked, ScriptedAnswers
from core.persona.rehearsal.items import Item, turns_of
from core.persona.rehearsal.model_answers import LONGEST_ANSWER, ModelAnswers
from core.settings import Settings

ASKED = Asked("en", "You are Morgan.", "I was charged twice.", False, (), (("user", "I was charged twice."),))


@dataclass
class ChatServer:
    """Answers every request with the same body, over real HTTP."""

    status: int = 200
    body: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def says(self, text: object) -> None:
        self.body = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length:" in line)
        self.requests.append(json.loads(await reader.readexactly(length)))
        body = self.body.encode()
        writer.write(
            f"HTTP/1.1 {self.status} Whatever\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    chat = ChatServer()
    listening = await asyncio.start_server(chat.serve, "127.0.0.1")
    chat.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield chat
    listening.close()
    await listening.wait_closed()


async def ask(server: ChatServer, asked: Asked) -> tuple[str, list[EarshotError]]:
    warnings: list[EarshotError] = []
    settings = Settings(_env_file=None, openai_base_url=server.url, openai_model="small")
    answers = ModelAnswers(settings, ScriptedAnswers(), warnings.append)
    answer = await answers.answer(asked)
    await answers.close()
    return answer.text or f"tool {answer.tool}", warnings


async def test_the_model_is_asked_with_the_personas_words_and_the_conversation(server: ChatServer) -> None:
    server.says("Which month\nis it about?")
    assert await ask(server, ASKED) == ("Which month is it about?", [])
    (request,) = server.requests
    assert request["model"] == "small"
    assert request["messages"][0]["content"].startswith("You are Morgan.")
    assert request["messages"][1:] == [{"role": "user", "content": "I was charged twice."}]


async def test_what_is_to_be_said_exactly_and_what_is_to_be_searched_is_no_matter_for_the_model(
    server: ChatServer,
) -> None:
    exactly = Asked("en", f"{EXACTLY}:\nGoodbye.", "", False, ())
    assert await ask(server, exactly) == ("Goodbye.", [])
    search = Asked("en", "", "When do you open?", False, ("search_handbook",))
    assert await ask(server, search) == ("tool search_handbook", [])
    assert server.requests == []


@pytest.mark.parametrize("text", [None, 7, "", "   "])
async def test_an_answer_without_words_is_the_scripts(server: ChatServer, text: object) -> None:
    server.says(text)
    said, _ = await ask(server, ASKED)
    assert "your bill" in said


@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (401, "{}"), (200, "no json"), (200, "[]")])
async def test_what_the_model_does_not_give_the_script_says_and_a_warning_tells_where_it_failed(
    server: ChatServer, status: int, body: str
) -> None:
    server.status, server.body = status, body
    said, warnings = await ask(server, ASKED)
    assert "your bill" in said
    assert all(isinstance(warning, ModelServerFailed) for warning in warnings)
    assert bool(warnings) or status == 200


async def test_a_model_that_is_not_there_is_told(server: ChatServer) -> None:
    server.url = "http://127.0.0.1:9/v1"
    said, warnings = await ask(server, ASKED)
    assert "your bill" in said
    assert [type(warning) for warning in warnings] == [ModelUnreachable]


async def test_a_lecture_is_cut(server: ChatServer) -> None:
    server.says("word " * 1_000)
    said, _ = await ask(server, ASKED)
    assert len(said) == LONGEST_ANSWER


def test_only_what_was_said_is_a_turn() -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": None}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"type": "function_call", "name": "search_handbook", "arguments": "{}"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "transcript": "Hi"}]},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be brief"}]},
    ]
    assert turns_of(Item(body) for body in items) == (("user", "Hello"), ("assistant", "Hi"))
