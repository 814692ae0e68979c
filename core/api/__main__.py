"""`python -m core.api [--port N] [--address HOST]` starts the server, as `make run` does.

It reads the settings, tries the address, and then becomes `streamlit run app.py` with what Streamlit has to know of
them, so that signals reach the server itself.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from core.api.address import check_free
from core.api.base_path import base_path
from core.model.errors import EarshotError
from core.settings import PREFIX, PROJECT_ROOT, Settings, load_settings
from core.settings.safety import LOCAL_NAMES

WILDCARDS = frozenset({"0.0.0.0", "::"})


def main(arguments: Sequence[str]) -> int:
    """Start the server in this process's place; returns 1 after a sentence when it cannot be started."""
    parser = argparse.ArgumentParser(prog="python -m core.api", description="Start Earshot.")
    parser.add_argument("--port", help=f"port to listen on, instead of {PREFIX}PORT")
    parser.add_argument("--address", help=f"address to listen on, instead of {PREFIX}BIND_ADDRESS")
    options = parser.parse_args(arguments)
    # As variables, so that they are checked like any other value and the server itself reads the same.
    for name, value in (("PORT", options.port), ("BIND_ADDRESS", options.address)):
        if value:
            os.environ[PREFIX + name] = value
    try:
        settings = load_settings()
        check_free(settings.bind_address, settings.port)
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for line in welcome(settings):
        print(line, flush=True)
    os.chdir(PROJECT_ROOT)
    os.execve(sys.executable, [sys.executable, *server_command(settings)], server_environment(settings, os.environ))


def server_command(settings: Settings) -> list[str]:
    """The arguments with which Python runs the server."""
    options = {
        "server.address": settings.bind_address,
        "server.port": str(settings.port),
        # It would name addresses that do not lead here, and ask the internet for this machine's own.
        "logger.hideWelcomeMessage": "true",
    }
    if settings.tls_certificate is not None:
        options["server.sslCertFile"] = str(settings.tls_certificate)
        options["server.sslKeyFile"] = str(settings.tls_key)
    if settings.public_host:
        options["browser.serverAddress"] = settings.public_host
    if base := base_path(settings.public_url):
        options["server.baseUrlPath"] = base.strip("/")
    flags = [f"--{name}={value}" for name, value in options.items()]
    return ["-m", "streamlit", "run", "app.py", *flags]


def server_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server: uvicorn reads there whose word on the client's address counts."""
    return {**environment, "FORWARDED_ALLOW_IPS": ",".join(settings.trusted_proxies)}


def welcome(settings: Settings) -> list[str]:
    """Where a browser finds the server."""
    scheme = "https" if settings.tls_certificate is not None else "http"
    bound = settings.bind_address
    host = "localhost" if bound in WILDCARDS else f"[{bound}]" if ":" in bound else bound
    lines = [f"Earshot starts at {scheme}://{host}:{settings.port}{base_path(settings.public_url)}"]
    if settings.public_url:
        lines.append(f"Others reach it at {settings.public_url}")
    elif bound not in LOCAL_NAMES:
        lines.append(f"Set {PREFIX}PUBLIC_URL to the address under which others reach it.")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
