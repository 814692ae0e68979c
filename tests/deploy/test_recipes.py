"""The recipes in deploy/ are accepted by the programs that they are for."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT, Settings
from tests.support.nginx import Proxy, make_certificate, nginx_command, requires_nginx, write_recipe

UNIT = PROJECT_ROOT / "deploy" / "earshot.service"
CLOSING_S = 45
"""What the server may take to stop once the calls are over: see CLOSE_TIMEOUT_S of core/backend.py."""

requires_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and os.environ.get("CI") != "true",
    reason="NOT TESTED: systemd-analyze is missing; install the package systemd",
)


def option(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), flags=re.MULTILINE)
    return str(value)


@requires_nginx
def test_nginx_accepts_the_recipe(tmp_path: Path) -> None:
    proxy = Proxy("calls.example.test", 48080, 48443, tmp_path)
    main = write_recipe(proxy, make_certificate(tmp_path, proxy.host), 48501)
    tried = subprocess.run(nginx_command(main, "-t"), capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr
    assert "[warn]" not in tried.stderr


def installed_here(folder: Path) -> Path:
    """The unit as if the project were installed where it is."""
    text = UNIT.read_text().replace("/opt/earshot", str(PROJECT_ROOT)).replace("=earshot\n", "=root\n")
    unit = folder / "earshot.service"
    unit.write_text(text)
    return unit


@requires_systemd
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(installed_here(tmp_path))], capture_output=True, text=True
    )
    own = [line for line in verified.stderr.splitlines() if "earshot.service" in line]
    assert (verified.returncode, own) == (0, []), verified.stderr


@requires_systemd
def test_the_unit_is_hardened(tmp_path: Path) -> None:
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(installed_here(tmp_path))],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
    )
    assert rated.returncode == 0, rated.stdout[-2000:] + rated.stderr


def test_the_stop_leaves_time_for_the_calls_and_the_closing() -> None:
    assert int(option("TimeoutStopSec")) >= Settings.model_fields["drain_s"].default + CLOSING_S
    assert option("KillMode") == "mixed"


def test_the_unit_starts_what_the_launcher_is() -> None:
    assert option("ExecStart").endswith("/.venv/bin/python -m core.api")
    assert (PROJECT_ROOT / "core" / "api" / "__main__.py").is_file()
