"""Whatever is asked of the API, in form or out of form, it never breaks."""

import time
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from core.access.tokens import Tokens
from core.access.users import UsersFile
from core.model.access import Person, SignInMethod, UserRole
from tests.support.streamlit_server import ROOT, running_server

EXAMPLES = 25


def test_no_request_that_the_description_allows_or_nearly_allows_breaks_the_server(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    users = UsersFile(tmp_path / "users.json", time.monotonic)
    users.add("ada", UserRole.ADMIN, "a password nobody guesses")
    environment = {"EARSHOT_USERS_FILE": str(tmp_path / "users.json"), "EARSHOT_RATE_LIMIT": "100000/minute"}
    with running_server(ROOT / "app.py", tmp_path / "data", environment=environment, health="/api/health") as server:
        key = (server.data_dir / "secret.key").read_text()
        admin = Person("user:ada", "ada", UserRole.ADMIN, SignInMethod.PASSWORD, "s")
        token = Tokens(key, 60, 3600, time.time).api_token(admin, 1, "schema")
        description = requests.get(f"{server.url}/api/openapi.json", timeout=20).json()
        schema = schemathesis.openapi.from_dict(description)
        asked = 0
        for result in schema.get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case) -> None:
                nonlocal asked
                answer = case.call(
                    base_url=f"{server.url}/api", headers={"Authorization": f"Bearer {token}"}, timeout=20
                )
                asked += 1
                assert answer.status_code < 500, (case.method, case.path, answer.status_code, answer.text)

            ask()
        assert asked > EXAMPLES
