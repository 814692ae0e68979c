"""A small server behind the guards; `bench.api` starts another one without them, with BENCH_GUARDS=off.

Its API has as many routes as Earshot's, and answers with calls made up of the scripted demo conversations.
"""

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st
from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.routing import Mount

from core.api.guards.redaction import Redactor, redact_logs, secrets_of
from core.api.guards.stack import guards
from core.settings import PROJECT_ROOT, load_settings

api = FastAPI(title="Bench")
SCENARIOS = [json.loads(path.read_text()) for path in sorted((PROJECT_ROOT / "demo" / "scenarios").glob("*.json"))]


def texts(value: Any) -> list[str]:
    """All sentences of a scenario, wherever they stand in it."""
    if isinstance(value, str):
        return [value] if " " in value else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in texts(part)]


SENTENCES = [text for scenario in SCENARIOS for text in texts(scenario)]


@api.get("/health")
def health() -> dict[str, bool]:
    return {"ok": True}


@api.get("/calls")
def calls() -> list[dict[str, Any]]:
    return [
        {
            "id": f"{number * 2654435761 % 2**32:08x}{number * 40503 % 2**16:04x}",
            "language": "ko" if number % 2 else "en",
            "state": "ended",
            "created_at": 1_795_000_000.25 + 977.125 * number,
            "ended_at": 1_795_000_240.5 + 977.125 * number,
            "participants": [{"name": "김민지", "role": "agent"}, {"name": f"Caller {number}", "role": "customer"}],
        }
        for number in range(50)
    ]


@api.get("/calls/{call_id}")
def call(call_id: str) -> dict[str, Any]:
    said = [
        {
            "id": f"u{number}",
            "text": text,
            "start_s": 3.25 * number,
            "end_s": 3.25 * number + 2.5,
            "confidence": 0.5 + number % 50 / 100,
            "role": "agent" if number % 2 else "customer",
        }
        for number, text in enumerate(SENTENCES)
    ]
    return {"id": call_id, "utterances": said}


@api.get("/assets/plotly.min.js", response_class=FileResponse)
def plotly_script() -> FileResponse:
    path = files("plotly") / "package_data" / "plotly.min.js"
    return FileResponse(str(path), headers={"Cache-Control": "public, max-age=86400"})


@api.get("/crash")
def crash(t: str) -> None:
    raise RuntimeError(f"cannot open /join?from=the-test&t={t}")


for number in range(25):
    api.add_api_route(f"/part{number}/{{part_id}}/action", health, methods=["POST"])

settings = load_settings()
has_guards = os.environ.get("BENCH_GUARDS") != "off"
if has_guards:
    redact_logs(Redactor(secrets_of(settings)))
app = st.App(
    str(Path(__file__).with_name("blank_page.py")),
    routes=[Mount("/api", app=api)],
    middleware=guards(settings) if has_guards else [],
)
