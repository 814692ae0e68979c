"""`python -m core.api`: what the server is started with, and how it starts wrong."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
import uvicorn
from streamlit import config
from streamlit.web.server.starlette import starlette_server

from core.api.__main__ import server_command, server_environment, welcome
from core.settings import PROJECT_ROOT, Settings
from tests.support.streamlit_server import free_port, launched_server


def settings(**given: object) -> Settings:
    return Settings.model_validate({**given})


def launch(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "core.api", *arguments],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        timeout=30,
    )


@pytest.mark.parametrize("port", ["70000", "eighty", "-1"])
def test_a_port_that_is_none_ends_it_with_a_sentence_and_no_traceback(port: str) -> None:
    ended = launch(f"--port={port}")
    assert ended.returncode == 1
    assert ended.stderr.startswith("The setting EARSHOT_PORT cannot be used: ")
    assert ended.stderr.count("\n") == 1


def test_an_address_that_is_not_this_machines_is_named() -> None:
    ended = launch("--address=192.0.2.1", "--port=8501")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "Earshot cannot listen on 192.0.2.1:8501" in ended.stderr


def test_production_refuses_an_unsafe_address_on_the_command_line_too(tmp_path: Path) -> None:
    users = tmp_path / "users.json"
    users.write_text("{}")
    given = {"EARSHOT_ENV": "production", "EARSHOT_USERS_FILE": str(users), "EARSHOT_PUBLIC_URL": "https://c.example"}
    ended = launch("--address=0.0.0.0", **given)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The setting EARSHOT_BIND_ADDRESS cannot be used")


def test_the_settings_become_streamlits() -> None:
    given = settings(
        bind_address="0.0.0.0",
        port=9000,
        public_url="https://calls.example.com/earshot/",
        tls_certificate="/etc/c.pem",
        tls_key="/etc/k.pem",
        trusted_proxies="10.0.0.1,10.0.0.2",
    )
    assert set(server_command(given)[4:]) == {
        "--server.address=0.0.0.0",
        "--server.port=9000",
        "--server.sslCertFile=/etc/c.pem",
        "--server.sslKeyFile=/etc/k.pem",
        "--server.baseUrlPath=earshot",
        "--browser.serverAddress=calls.example.com",
        "--logger.hideWelcomeMessage=true",
    }
    assert server_environment(given, {"A": "b"}) == {"A": "b", "FORWARDED_ALLOW_IPS": "10.0.0.1,10.0.0.2"}


def test_streamlits_server_believes_these_proxies_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server_environment(settings(trusted_proxies="10.0.0.1"), {}).items():
        monkeypatch.setenv(name, value)
    config.get_config_options()
    made = uvicorn.Config("app:app", **starlette_server._get_uvicorn_config_kwargs())
    assert (made.proxy_headers, made.forwarded_allow_ips) == (True, "10.0.0.1")


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({}, ["Earshot starts at http://localhost:8501"]),
        (
            {"bind_address": "::", "port": 9000},
            [
                "Earshot starts at http://localhost:9000",
                "Set EARSHOT_PUBLIC_URL to the address under which others reach it.",
            ],
        ),
        (
            {"bind_address": "::1", "public_url": "https://c.example/earshot"},
            ["Earshot starts at http://[::1]:8501/earshot", "Others reach it at https://c.example/earshot"],
        ),
    ],
)
def test_it_says_where_to_go(given: dict[str, object], lines: list[str]) -> None:
    assert welcome(settings(**given)) == lines


def test_the_process_that_was_started_is_the_server_and_stops_on_its_signal(tmp_path: Path) -> None:
    with launched_server(tmp_path) as server:
        assert "streamlit" in psutil.Process(server.process.pid).cmdline()
        listening = {entry.laddr.port for entry in psutil.Process(server.process.pid).net_connections("tcp")}
        assert server.port in listening
        assert f"Earshot starts at http://localhost:{server.port}" in server.log
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=15) in (0, -signal.SIGTERM)


def test_everything_is_reached_under_the_path_of_the_public_url(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/earshot"
    with launched_server(tmp_path, port=port, environment={"EARSHOT_PUBLIC_URL": url}):
        for path, kind in (("/", "text/html"), ("/api/health", "application/json"), ("/_stcore/health", "text/")):
            with urllib.request.urlopen(url + path, timeout=20) as answer:
                assert (answer.status, answer.headers["content-type"].startswith(kind)) == (200, True), path
