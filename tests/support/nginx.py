"""A real nginx that runs the recipe of deploy/nginx.conf; only its paths, names and ports are a test's own."""

import functools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.streamlit_server import ROOT

RECIPE = ROOT / "deploy" / "nginx.conf"
RECIPE_HOST = "calls.example.com"
START_LIMIT_S = 10.0
STOP_LIMIT_S = 10.0

MAIN = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/other.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/earshot.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A throw-away authority's certificate for one host."""

    authority: Path
    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the recipe's two servers listen."""

    host: str
    http_port: int
    https_port: int
    folder: Path

    @property
    def url(self) -> str:
        """The public URL."""
        return f"https://{self.host}:{self.https_port}"


@functools.cache
def nginx_problem() -> str:
    """Why no nginx can be run here; empty when one can."""
    if shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        return "nginx is missing; install the package nginx"
    return "" if os.geteuid() == 0 else "nginx is run as root here; run the tests as root"


requires_nginx = pytest.mark.skipif(
    bool(nginx_problem()) and os.environ.get("CI") != "true", reason=f"NOT TESTED: {nginx_problem()}"
)


def make_certificate(folder: Path, *hosts: str) -> Certificate:
    """A new authority and a certificate by it."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert(*hosts)
    made = Certificate(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(made.authority)
    issued.private_key_pem.write_to_path(made.key)
    for index, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(made.chain, append=index > 0)
    return made


def write_recipe(proxy: Proxy, certificate: Certificate, server_port: int) -> Path:
    """The recipe with a test's own names, paths and ports, and a main configuration around it."""
    proxy.folder.mkdir(parents=True, exist_ok=True)
    text = RECIPE.read_text()
    for old, new in (
        (f"https://{RECIPE_HOST}$request_uri", f"{proxy.url}$request_uri"),
        (f"server_name {RECIPE_HOST}", f"server_name {proxy.host}"),
        ("/etc/ssl/earshot/fullchain.pem", str(certificate.chain)),
        ("/etc/ssl/earshot/privkey.pem", str(certificate.key)),
        ("/var/log/nginx/earshot.log", str(proxy.folder / "earshot.log")),
        ("127.0.0.1:8501", f"127.0.0.1:{server_port}"),
        ("listen 80;", f"listen {proxy.http_port};"),
        ("listen [::]:80;", f"listen [::]:{proxy.http_port};"),
        ("listen 443 ", f"listen {proxy.https_port} "),
        ("listen [::]:443 ", f"listen [::]:{proxy.https_port} "),
    ):
        assert old in text, f"deploy/nginx.conf no longer holds {old!r}"
        text = text.replace(old, new)
    (proxy.folder / "earshot.conf").write_text(text)
    main = proxy.folder / "nginx.conf"
    main.write_text(MAIN.format(folder=proxy.folder))
    return main


def nginx_command(main: Path, *more: str) -> list[str]:
    """nginx with a configuration of its own."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return [nginx or "nginx", "-c", str(main), "-p", str(main.parent), "-e", str(main.parent / "error.log"), *more]


@contextmanager
def running_nginx(proxy: Proxy, main: Path) -> Iterator[Proxy]:
    """nginx until the block ends."""
    process = subprocess.Popen(nginx_command(main), stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", proxy.https_port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                assert time.monotonic() < deadline, "nginx does not listen"
                time.sleep(0.05)
        yield proxy
    finally:
        process.terminate()
        process.wait(STOP_LIMIT_S)
