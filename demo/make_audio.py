"""Makes the demo call's two voices out of its text: `python demo/make_audio.py`. Needs espeak-ng.

Writes agent.ogg and customer.ogg beside this file: mono Opus, time-aligned, each with the noise of a quiet room while
the other talks: a microphone that gives nothing at all would be a dead one.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent
SCRIPT = FOLDER / "scenarios" / "en_double_charge.json"
SAMPLE_RATE = 48_000
BIT_RATE = 24_000
LEAD_S = 0.6
PAUSE_S = 0.6
TAIL_S = 1.0
PEAK = 0.6
ROOM_DBFS = -60.0
"""Root mean square of a quiet room's noise, in decibels below full scale."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How espeak-ng is asked to speak."""

    name: str
    words_per_minute: int
    pitch: int
    """0 to 99."""


VOICES = {
    "agent": Voice("en-us+f2", words_per_minute=140, pitch=50),
    "customer": Voice("en-us+m7", words_per_minute=150, pitch=45),
}


def speak(text: str, voice: Voice) -> NDArray[np.float32]:
    """The samples of one turn at `SAMPLE_RATE`, -1 to 1, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turn.wav"
        options = ["-v", voice.name, "-s", str(voice.words_per_minute), "-p", str(voice.pitch), "-g", "2"]
        subprocess.run(["espeak-ng", *options, "-w", str(path), text], check=True)
        samples = read_mono(path)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    samples = samples[loud[0] : loud[-1] + 1]
    return (samples * (PEAK / np.abs(samples).max())).astype(np.float32)


def read_mono(path: Path) -> NDArray[np.float32]:
    """A sound file's samples at `SAMPLE_RATE`."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [converted for frame in container.decode(audio=0) for converted in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]])


def write_opus(path: Path, samples: NDArray[np.float32]) -> None:
    """Write mono samples as Ogg Opus."""
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        stream.options = {"application": "voip", "frame_duration": "20"}
        pcm = (samples * 32767).astype(np.int16)
        for start in range(0, len(pcm), SAMPLE_RATE):
            block = np.ascontiguousarray(pcm[start : start + SAMPLE_RATE][np.newaxis])
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> int:
    """Write both files."""
    turns = json.loads(SCRIPT.read_text(encoding="utf-8"))["turns"]
    spoken = [(turn["speaker"], speak(turn["text"], VOICES[turn["speaker"]])) for turn in turns]
    seconds = LEAD_S + sum(len(samples) / SAMPLE_RATE + PAUSE_S for _, samples in spoken) - PAUSE_S + TAIL_S
    tracks = {speaker: np.zeros(round(seconds * SAMPLE_RATE) + 1, dtype=np.float32) for speaker in VOICES}
    at = round(LEAD_S * SAMPLE_RATE)
    for speaker, samples in spoken:
        tracks[speaker][at : at + len(samples)] = samples
        at += len(samples) + round(PAUSE_S * SAMPLE_RATE)
    for seed, (speaker, track) in enumerate(tracks.items()):
        noise = np.random.default_rng(seed).normal(0.0, 10 ** (ROOM_DBFS / 20), len(track))
        track += noise.astype(np.float32)
        path = FOLDER / f"{speaker}.ogg"
        write_opus(path, track)
        sys.stdout.write(f"{path.name}: {len(track) / SAMPLE_RATE:.1f} s, {path.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
