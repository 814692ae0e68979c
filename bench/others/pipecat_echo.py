"""pipecat's small WebRTC transport as an echo. Runs in an interpreter that has `pipecat-ai[webrtc]`."""

import asyncio

from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from serving import serve

running: set["asyncio.Task[None]"] = set()


class Echo(FrameProcessor):
    """Says what it hears."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


async def answer(offer: str) -> str:
    connection = SmallWebRTCConnection(ice_servers=[])
    await connection.initialize(sdp=offer, type="offer")
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True, audio_out_10ms_chunks=2)
    transport = SmallWebRTCTransport(webrtc_connection=connection, params=params)
    task = PipelineTask(Pipeline([transport.input(), Echo(), transport.output()]), idle_timeout_secs=None)
    running.add(asyncio.create_task(PipelineRunner(handle_sigint=False).run(task)))
    await connection.connect()
    return str(connection.get_answer()["sdp"])


if __name__ == "__main__":
    logger.remove()
    serve(answer)
