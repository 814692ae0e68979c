"""One connection to the rehearsal: the protocol's server side, from the client's events to sound. On one loop."""

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from core.model.errors import EarshotError
from core.model.persona import PERSONA_FORMAT
from core.persona.rehearsal.answers import Answer, Asked
from core.persona.rehearsal.faults import Faults
from core.persona.rehearsal.items import Item, Response, turns_of
from core.persona.rehearsal.session_shape import item_problem, session_problem
from core.persona.rehearsal.staging import Staging
from core.persona.rehearsal.voice import ToneVoice
from core.persona.rehearsal.voice_activity import Began, Ended, VoiceActivity

DELTA_S = 0.1
LEAD_S = 0.3
"""Sound that is sent ahead of real time, so that the network's jitter is not heard."""
HOUR_S = 3600.0
MOST_ITEMS = 1_000
LARGEST_AUDIO = 20 * 1024 * 1024
JUNK = ("{not json", '"text"', "[1, 2]", '{"type": 5}', "{}", '{"type": null, "delta": "AAAA"}')


class RehearsalSession:
    """One connection's.

    Args:
        number: Of the connection, from 1.
        staging: Ears, voice and answers.
        faults: What goes wrong.
        send: Sends a message; raises ConnectionError when the connection is over.
        close: Closes the connection with a code and a reason; code 0 breaks it off.
    """

    def __init__(
        self,
        number: int,
        staging: Staging,
        faults: Faults,
        model: str,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int, str], Awaitable[None]],
    ) -> None:
        self._number = number
        self._staging = staging
        self._faults = faults
        self._send = send
        self._close = close
        self._activity = VoiceActivity()
        self._items: dict[str, Item] = {}
        self._response: Response | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._events = self._ids = self._failures = 0
        self._last_said = self._speaking_item = ""
        self._is_tool_output = False
        self.received_audio_s = 0.0
        self.on_sound: Callable[[bytes], None] = lambda pcm: None
        """Told of the listener's sound as it comes."""
        self.configuration: dict[str, Any] = {
            "type": "realtime",
            "object": "realtime.session",
            "id": self._id("sess"),
            "model": model,
            "output_modalities": ["audio"],
            "instructions": "",
            "expires_at": int(time.time() + (faults.expiry or HOUR_S)),
            "audio": {"input": {}, "output": {}},
            "tools": [],
        }

    async def start(self) -> None:
        """Greet the client, and let what was ordered go wrong in its time."""
        await self._tell("session.created", session=self.configuration)
        self._run(self._expire(self._faults.expiry or HOUR_S), "expiry")
        if self._faults.drop:
            self._run(self._drop(self._faults.drop), "drop")

    async def stop(self) -> None:
        """End all work. Idempotent."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def take(self, message: str | bytes) -> None:
        """Take a message of the client's."""
        try:
            event = json.loads(message)
        except ValueError:
            await self._refuse(None, "invalid_json", "")
            return
        if not isinstance(event, dict):
            await self._refuse(None, "invalid_json", "")
            return
        match event.get("type"):
            case "session.update":
                await self._update(event)
            case "input_audio_buffer.append":
                await self._append(event)
            case "input_audio_buffer.clear":
                self._activity.clear()
                await self._tell("input_audio_buffer.cleared")
            case "conversation.item.create":
                await self._create_item(event)
            case "conversation.item.truncate":
                await self._truncate(event)
            case "response.create":
                given = event.get("response")
                await self._create_response(event, given if isinstance(given, dict) else {})
            case "response.cancel":
                if self._response is None:
                    await self._refuse(event, "response_cancel_not_active", "")
                else:
                    await self._cancel("client_cancelled")
            case _:
                await self._refuse(event, "invalid_value", "type")

    # The client's events

    async def _update(self, event: dict[str, Any]) -> None:
        problem = session_problem(event.get("session"))
        if self._faults.refuse_update:
            problem = ("invalid_value", "session.audio.output.voice")
        if problem is not None:
            await self._refuse(event, *problem)
            return
        self.configuration = {**self.configuration, **event["session"]}
        detection = self.configuration["audio"].get("input", {}).get("turn_detection") or {}
        self._activity.prefix_ms = int(detection.get("prefix_padding_ms", 300))
        self._activity.silence_ms = int(detection.get("silence_duration_ms", 500))
        await self._tell("session.updated", session=self.configuration)

    async def _append(self, event: dict[str, Any]) -> None:
        try:
            pcm = base64.b64decode(event.get("audio", ""), validate=True)
        except (binascii.Error, ValueError, TypeError):
            await self._refuse(event, "invalid_value", "audio")
            return
        if len(pcm) % 2 or len(pcm) > LARGEST_AUDIO:
            await self._refuse(event, "invalid_value", "audio")
            return
        self.received_audio_s += PERSONA_FORMAT.seconds(pcm)
        self.on_sound(pcm)
        if self._faults.deaf:
            return
        for found in self._activity.push(pcm):
            match found:
                case Began(audio_start_ms):
                    self._speaking_item = self._id("item")
                    await self._tell(
                        "input_audio_buffer.speech_started", audio_start_ms=audio_start_ms, item_id=self._speaking_item
                    )
                    if self._response is not None and self._detection().get("interrupt_response", True):
                        await self._cancel("turn_detected")
                case Ended(audio_end_ms, sound):
                    await self._end_of_speech(audio_end_ms, sound)

    async def _end_of_speech(self, audio_end_ms: int, sound: bytes) -> None:
        item_id = self._speaking_item
        await self._tell("input_audio_buffer.speech_stopped", audio_end_ms=audio_end_ms, item_id=item_id)
        await self._tell("input_audio_buffer.committed", item_id=item_id, previous_item_id=self._last_item())
        content: list[dict[str, Any]] = [{"type": "input_audio", "transcript": None}]
        await self._add({"id": item_id, "type": "message", "role": "user", "status": "completed", "content": content})
        self._run(self._hear_and_answer(item_id, sound, content), "hear")

    async def _hear_and_answer(self, item_id: str, sound: bytes, content: list[dict[str, Any]]) -> None:
        transcription = self.configuration["audio"].get("input", {}).get("transcription")
        try:
            text = await self._staging.hearing.hear(sound, self._language())
        except EarshotError as error:
            self._staging.on_warning(error)
            failed = {"type": "transcription_error", "code": "audio_unintelligible", "message": "not understood"}
            kind = "conversation.item.input_audio_transcription.failed"
            await self._tell(kind, item_id=item_id, content_index=0, error=failed)
            text = ""
        else:
            if transcription:
                kind = "conversation.item.input_audio_transcription"
                if text:
                    await self._tell(f"{kind}.delta", item_id=item_id, content_index=0, delta=text)
                usage = {"type": "duration", "seconds": round(PERSONA_FORMAT.seconds(sound), 2)}
                await self._tell(f"{kind}.completed", item_id=item_id, content_index=0, transcript=text, usage=usage)
        self._last_said, self._is_tool_output = text, False
        content[0]["transcript"] = text
        if self._detection().get("create_response", True) and self._response is None:
            await self._begin_response("")

    async def _create_item(self, event: dict[str, Any]) -> None:
        item = event.get("item")
        if problem := item_problem(item):
            await self._refuse(event, *problem)
            return
        assert isinstance(item, dict)
        if item["type"] == "function_call_output":
            calls = {each.body.get("call_id") for each in self._items.values() if each.body["type"] == "function_call"}
            if item["call_id"] not in calls:
                await self._refuse(event, "invalid_value", "item.call_id")
                return
            self._last_said, self._is_tool_output = item["output"], True
        elif item["type"] == "message" and item["role"] == "user":
            self._last_said = str(item["content"][0].get("text", ""))
            self._is_tool_output = False
        await self._add({"id": self._id("item"), "status": "completed", **item})

    async def _truncate(self, event: dict[str, Any]) -> None:
        item = self._items.get(str(event.get("item_id")))
        end_ms = event.get("audio_end_ms")
        if item is None or item.body.get("role") != "assistant":
            await self._refuse(event, "item_truncate_invalid_item_id", "item_id")
        elif not isinstance(end_ms, int) or not 0 <= end_ms <= round(item.sound_s * 1000):
            await self._refuse(event, "invalid_value", "audio_end_ms")
        else:
            item.sound_s = end_ms / 1000
            await self._tell(
                "conversation.item.truncated", item_id=event["item_id"], content_index=0, audio_end_ms=end_ms
            )

    async def _create_response(self, event: dict[str, Any], given: dict[str, Any]) -> None:
        if self._response is not None:
            await self._refuse(event, "conversation_already_has_active_response", "")
        else:
            await self._begin_response(str(given.get("instructions", "")))

    # Answers

    async def _begin_response(self, instructions: str) -> None:
        if self._faults.mute:
            return
        self._response = response = Response(self._id("resp"), instructions)
        await self._tell("response.created", response=response.body("in_progress"))
        response.task = self._run(self._respond(response), "respond")

    async def _respond(self, response: Response) -> None:
        await self._misbehave()
        if failure := self._failure():
            await self._end_response(response, "failed", {"type": "failed", "error": failure})
            return
        if self._staging.think_s:
            await asyncio.sleep(self._staging.think_s)
        tools = tuple(str(tool["name"]) for tool in self.configuration["tools"])
        instructions = response.instructions or str(self.configuration["instructions"])
        turns = turns_of(self._items.values())
        asked = Asked(self._language(), instructions, self._last_said, self._is_tool_output, tools, turns)
        answer = await self._staging.answers.answer(asked)
        await (self._call_tool(response, answer) if answer.tool else self._speak(response, answer.text))
        await self._end_response(response, "completed", None)

    async def _call_tool(self, response: Response, answer: Answer) -> None:
        arguments = json.dumps(dict(answer.arguments), ensure_ascii=False)
        item = {"id": self._id("item"), "type": "function_call", "status": "completed", "name": answer.tool}
        item |= {"call_id": self._id("call"), "arguments": arguments}
        await self._tell("response.output_item.added", response_id=response.id, output_index=0, item=item)
        await self._add(item)
        await self._tell("response.function_call_arguments.done", response_id=response.id, item_id=item["id"],
                         output_index=0, call_id=item["call_id"], name=answer.tool, arguments=arguments)  # fmt: skip
        await self._tell("response.output_item.done", response_id=response.id, output_index=0, item=item)
        response.output.append(item)

    async def _speak(self, response: Response, text: str) -> None:
        body: dict[str, Any] = {"id": self._id("item"), "type": "message", "role": "assistant", "content": []}
        place = {"response_id": response.id, "item_id": body["id"], "output_index": 0, "content_index": 0}
        body["status"] = "in_progress"
        response.output.append(body)
        await self._tell("response.output_item.added", response_id=response.id, output_index=0, item=body)
        item = await self._add(body)
        await self._tell("response.content_part.added", **place, part={"type": "audio", "transcript": ""})
        try:
            sound = await self._staging.voice.say(text, self._language())
        except EarshotError as error:
            self._staging.on_warning(error)
            sound = await ToneVoice().say(text, self._language())
        words = text.split(" ")
        pieces = [sound[at : at + self._delta_bytes()] for at in range(0, len(sound), self._delta_bytes())]
        began = time.monotonic()
        told = 0
        for number, piece in enumerate(pieces):
            due = min(len(words), -(-len(words) * (number + 1) // len(pieces)))
            if due > told:
                delta = " ".join(words[told:due]) + (" " if due < len(words) else "")
                await self._tell("response.output_audio_transcript.delta", **place, delta=delta)
                told = due
            item.sound_s += PERSONA_FORMAT.seconds(piece)
            await self._tell("response.output_audio.delta", **place, delta=base64.b64encode(piece).decode())
            if self._faults.drop_speaking:
                await self._close(0, "")
            if self._staging.pace:
                ahead_s = item.sound_s / self._staging.pace - (time.monotonic() - began)
                await asyncio.sleep(max(0.0, ahead_s - LEAD_S))
        body["status"] = "completed"
        body["content"] = [{"type": "output_audio", "transcript": text}]
        await self._tell("response.output_audio.done", **place)
        await self._tell("response.output_audio_transcript.done", **place, transcript=text)
        await self._tell("response.content_part.done", **place, part={"type": "audio", "transcript": text})
        await self._tell("response.output_item.done", response_id=response.id, output_index=0, item=body)
        await self._tell("conversation.item.done", item=body, previous_item_id=None)

    async def _cancel(self, reason: str) -> None:
        response = self._response
        if response is None:
            return
        if response.task is not None:
            response.task.cancel()
            await asyncio.gather(response.task, return_exceptions=True)
        await self._end_response(response, "cancelled", {"type": "cancelled", "reason": reason})

    async def _end_response(self, response: Response, status: str, details: dict[str, Any] | None) -> None:
        if self._response is not response:
            return
        self._response = None
        await self._tell("response.done", response=response.body(status, details))
        limits = [{"name": "requests", "limit": 500, "remaining": 499, "reset_seconds": 0.1}]
        await self._tell("rate_limits.updated", rate_limits=limits)

    # Faults

    def _failure(self) -> dict[str, Any] | None:
        if self._faults.quota_used_up:
            return {"type": "insufficient_quota", "code": "insufficient_quota"}
        if self._failures < self._faults.rate_limited:
            self._failures += 1
            return {"type": "rate_limit_error", "code": "rate_limit_exceeded"}
        return None

    async def _misbehave(self) -> None:
        if self._faults.unknown:
            await self._tell("response.new_kind_of_thing.delta", delta="AAAA", response_id="resp_other")
            await self._tell("weather.updated", sky={"clouds": [1, 2, {"deep": None}]})
        if self._faults.malformed:
            for junk in JUNK:
                await self._send(junk)
            await self._tell("response.output_audio.delta", response_id=5, item_id=None, delta="%%%")

    async def _expire(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._close(1001, "Your session hit the maximum duration of 60 minutes.")

    async def _drop(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._close(0, "")

    # Small things

    def _detection(self) -> dict[str, Any]:
        return self.configuration["audio"].get("input", {}).get("turn_detection") or {}

    def _language(self) -> str:
        transcription = self.configuration["audio"].get("input", {}).get("transcription") or {}
        return str(transcription.get("language") or self._staging.language)

    def _delta_bytes(self) -> int:
        return int(DELTA_S * PERSONA_FORMAT.sample_rate) * 2

    def _id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{self._number}_{self._ids}"

    def _last_item(self) -> str | None:
        return next(reversed(self._items), None)

    async def _add(self, body: dict[str, Any]) -> Item:
        previous = self._last_item()
        item = self._items[body["id"]] = Item(body)
        while len(self._items) > MOST_ITEMS:
            del self._items[next(iter(self._items))]
        await self._tell("conversation.item.added", item=body, previous_item_id=previous)
        if body.get("status") == "completed":
            await self._tell("conversation.item.done", item=body, previous_item_id=previous)
        return item

    async def _refuse(self, event: dict[str, Any] | None, code: str, param: str) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": f"{code}: {param}", "param": param or None}
        await self._tell("error", error={**error, "event_id": (event or {}).get("event_id")})

    async def _tell(self, kind: str, **members: Any) -> None:
        self._events += 1
        await self._send(json.dumps({"event_id": f"event_{self._number}_{self._events}", "type": kind, **members}))

    def _run(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await work
            except ConnectionError:
                # The client is gone, and with it whoever would be told.
                return

        task = asyncio.create_task(guarded(), name=f"rehearsal-{self._number}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Where it was cancelled before it began.
        task.add_done_callback(lambda _: work.close())
        return task
