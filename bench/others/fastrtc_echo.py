"""fastrtc as an echo. Runs in an interpreter that has `fastrtc`."""

import asyncio
import uuid

from fastrtc import AsyncStreamHandler, Stream
from serving import serve

QUEUE_LIMIT = 50
"""Frames; the newest are dropped beyond it."""


class Echo(AsyncStreamHandler):
    """Says what it hears."""

    def __init__(self) -> None:
        super().__init__(output_sample_rate=48_000, input_sample_rate=48_000)
        self.frames: asyncio.Queue[object] = asyncio.Queue(QUEUE_LIMIT)

    async def receive(self, frame: object) -> None:
        if not self.frames.full():
            self.frames.put_nowait(frame)

    async def emit(self) -> object:
        return await self.frames.get()

    async def start_up(self) -> None:
        return None

    def copy(self) -> "Echo":
        return Echo()


stream = Stream(handler=Echo(), modality="audio", mode="send-receive", concurrency_limit=1000)


async def answer(offer: str) -> str:
    name = uuid.uuid4().hex
    body = {"sdp": offer, "type": "offer", "webrtc_id": name}
    given = await stream.handle_offer(body, set_outputs=stream.set_additional_outputs(name))
    return str(given["sdp"])


if __name__ == "__main__":
    serve(answer)
