import os
from pathlib import Path

import pytest

from core.model.errors import SettingInvalid
from core.settings import ENV_FILE_KEY, PREFIX, PROJECT_ROOT, BridgeKind, Settings, load_settings
from core.settings.loading import Source, read_sources
from core.settings.table import env_template, settings_table


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing set but an empty file to read settings from."""
    for key in [key for key in os.environ if key.startswith(PREFIX)]:
        monkeypatch.delenv(key)
    (tmp_path / "own.env").touch()
    monkeypatch.setenv(ENV_FILE_KEY, str(tmp_path / "own.env"))


def test_without_any_setting_everything_has_its_default() -> None:
    settings = load_settings()
    assert settings.data_dir == PROJECT_ROOT / "data"
    assert settings.effective_database_url == f"sqlite:///{PROJECT_ROOT / 'data' / 'earshot.db'}"


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.env").write_text("EARSHOT_GRACE_S=7\nEARSHOT_BRIDGE=relay\n# 주석\n")
    monkeypatch.setenv("EARSHOT_GRACE_S", "9")
    settings = load_settings()
    assert (settings.grace_s, settings.bridge) == (9.0, BridgeKind.RELAY)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EARSHOT_GRACE_S", "0"),
        ("EARSHOT_GRACE_S", "soon"),
        ("EARSHOT_BRIDGE", "bicycle"),
        ("EARSHOT_SECRET_KEY", "short-hush"),
        ("EARSHOT_LANGUAGE", "Korean"),
        ("EARSHOT_GRACE", "20"),
        (ENV_FILE_KEY, "/nowhere/at-all.env"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingInvalid, match=f"The setting {key} cannot be used: ") as refused:
        load_settings()
    assert "hush" not in str(refused.value)


def test_a_misspelt_name_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.env").write_text("EARSHOT_DATADIR=/srv\n")
    with pytest.raises(SettingInvalid, match="EARSHOT_DATADIR cannot be used: there is no such setting"):
        load_settings()


def test_readme_documents_every_setting_with_its_default() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    documented = [line for line in readme.splitlines() if line.startswith(f"| `{PREFIX}")]
    wanted = settings_table().splitlines()[2:]
    assert documented == wanted, (
        "README.md's table of settings is stale: put there what `python -m core.settings` prints"
    )


def test_the_template_of_the_settings_file_is_current() -> None:
    assert (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8") == env_template(), (
        "run `python -m core.settings --env > .env.example`"
    )


def test_the_template_with_everything_uncommented_is_what_is_so_without_it(tmp_path: Path) -> None:
    without = load_settings()
    lines = [line.removeprefix("#") for line in env_template().splitlines() if line.startswith(f"#{PREFIX}")]
    paths = {f"{PREFIX}{name.upper()}" for name, field in Settings.model_fields.items() if field.annotation is Path}
    lines = [line for line in lines if line.partition("=")[0] not in paths]
    (tmp_path / "own.env").write_text("\n".join(lines))
    assert load_settings() == without


def test_every_value_says_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.env").write_text("EARSHOT_GRACE_S=7\nEARSHOT_BRIDGE=relay\n")
    monkeypatch.setenv("EARSHOT_GRACE_S", "9")
    sources = read_sources()
    assert sources.env_file == tmp_path / "own.env"
    assert (sources.of["grace_s"], sources.of["bridge"]) == (Source.ENVIRONMENT, Source.FILE)
    assert set(sources.of) == set(Settings.model_fields)
    assert sources.of["port"] is Source.DEFAULT


IN_HEADERS = ["EARSHOT_GUIDANCE_KEY", "EARSHOT_GUIDANCE_TOKEN", "EARSHOT_EMBEDDING_KEY", "EARSHOT_OPENAI_API_KEY"]


@pytest.mark.parametrize("key", [*IN_HEADERS, "EARSHOT_WEBHOOK_SECRET"])
def test_a_secret_that_was_read_from_a_file_is_taken_without_its_line_feed(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = key.removeprefix(PREFIX).lower()
    monkeypatch.setenv(key, " sixteen-characters-and-more\r\n")
    assert getattr(load_settings(), name).get_secret_value() == "sixteen-characters-and-more"
    monkeypatch.setenv(key, " \n")
    assert getattr(load_settings(), name) is None


@pytest.mark.parametrize("key", ["EARSHOT_GUIDANCE_TOKEN", "EARSHOT_WEBHOOK_SECRET"])
def test_white_space_does_not_make_a_secret_long_enough(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, "short-hush" + " " * 20)
    with pytest.raises(SettingInvalid, match=f"The setting {key} cannot be used"):
        load_settings()


@pytest.mark.parametrize("key", IN_HEADERS)
@pytest.mark.parametrize("value", ["hush-hush-hush-비밀", "hush-hush\nhush-hush", "hush-hush-hush\u200b-hush"])
def test_a_secret_that_no_header_can_hold_is_named_and_not_shown(
    key: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingInvalid, match=f"The setting {key} cannot be used: it is sent in a header") as refused:
        load_settings()
    assert "hush" not in str(refused.value)


TURN = "turn:turn.example.com:3478?transport=udp"


@pytest.mark.parametrize(
    "servers",
    [
        TURN,
        "turn:turn.example.com, turn:10.0.0.7:3478?transport=tcp, turns:turn.example.com:443?transport=tcp",
        "turns:turn.example.com",
    ],
)
def test_turn_servers_are_taken_as_browsers_write_them(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_TURN_SERVERS", servers)
    monkeypatch.setenv("EARSHOT_TURN_SECRET", "hush-hush")
    assert load_settings().turn_servers == tuple(servers.split(", "))


@pytest.mark.parametrize(
    "server",
    [
        "turn.example.com:3478",
        "turn://turn.example.com",
        "turn:kim:hush@turn.example.com",
        "turn:turn.example.com:99999",
        "turn:turn.example.com?transport=tls",
        "turns:turn.example.com?transport=udp",
        "turn:[2001:db8::1]:3478",
        "stun:turn.example.com",
    ],
)
def test_a_turn_server_that_no_side_could_use_is_named_by_its_place(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_TURN_SERVERS", f"{TURN}, {server}")
    monkeypatch.setenv("EARSHOT_TURN_SECRET", "hush-hush")
    with pytest.raises(SettingInvalid, match="EARSHOT_TURN_SERVERS cannot be used: server number 2 ") as refused:
        load_settings()
    assert "hush" not in str(refused.value)


SAFE = {
    "EARSHOT_ENV": "production",
    "EARSHOT_PUBLIC_URL": "https://calls.example.com",
    "EARSHOT_USERS_FILE": "/srv/earshot/users.json",
    "EARSHOT_WEBHOOK_SECRET": "sixteen characters",
    "EARSHOT_GUIDANCE_URL": "http://localhost:9000/api/rag/assist",
    "EARSHOT_GUIDANCE_KEY": "hush-hush",
    "EARSHOT_EMBEDDING_URL": "http://127.0.0.1:11434/v1",
    "EARSHOT_EMBEDDING_MODEL": "bge-m3",
    "EARSHOT_EMBEDDING_KEY": "hush-hush",
}


def test_production_starts_with_safe_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in SAFE.items():
        monkeypatch.setenv(key, value)
    assert load_settings().public_host == "calls.example.com"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("EARSHOT_USERS_FILE", ""),
        ("EARSHOT_PUBLIC_URL", ""),
        ("EARSHOT_PUBLIC_URL", "http://calls.example.com"),
        ("EARSHOT_BIND_ADDRESS", "0.0.0.0"),
        ("EARSHOT_TRUSTED_HOSTS", "calls.example.com, *"),
        ("EARSHOT_TRUSTED_PROXIES", "*"),
        ("EARSHOT_CORS_ORIGINS", "https://*"),
        ("EARSHOT_LOG_LEVEL", "DEBUG"),
        ("EARSHOT_OPENAI_BASE_URL", "http://model.lan:8000/v1"),
        ("EARSHOT_WEBHOOK_URL", "http://alerts.example.com/in"),
        ("EARSHOT_GUIDANCE_URL", "http://handbook.lan:9000/api/rag/assist"),
        ("EARSHOT_EMBEDDING_URL", "http://vectors.lan:8000/v1"),
    ],
)
def test_production_refuses_what_is_unsafe(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keyless = {name: safe for name, safe in SAFE.items() if not name.endswith("_KEY")}
    for name, safe in (keyless | {key: value}).items():
        monkeypatch.setenv(name, value if name == key else safe)
    with pytest.raises(SettingInvalid, match=f"{key} cannot be used: .* \\(EARSHOT_ENV is production\\)"):
        load_settings()


@pytest.mark.parametrize("name", ["WEBHOOK_URL", "GUIDANCE_URL", "OPENAI_BASE_URL", "GOOGLE_ENDPOINT", "PUBLIC_URL"])
@pytest.mark.parametrize(
    "host",
    [
        f"{'hush' * 16}.example.com",
        f"{'hush.' * 60}com",
        "hush..example.com",
        ".hush.example",
        "hush.example:99999",
        "hush.example:0",
        "hush.example:port",
        "[hush",
        "[::hush]",
        ":443",
    ],
)
def test_an_address_to_which_no_connection_could_be_made_is_named_and_not_shown(
    name: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_WEBHOOK_SECRET", "sixteen characters")
    monkeypatch.setenv(PREFIX + name, f"https://{host}")
    with pytest.raises(SettingInvalid, match=f"{PREFIX}{name} cannot be used: its host name, or its port") as refused:
        load_settings()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://알림.한국/in", "https://alerts.example.com/알림", "https://a.example/\x01"])
def test_a_webhook_of_other_signs_than_ascii_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_WEBHOOK_SECRET", "sixteen characters")
    monkeypatch.setenv("EARSHOT_WEBHOOK_URL", url)
    with pytest.raises(SettingInvalid, match="EARSHOT_WEBHOOK_URL cannot be used: only signs of ASCII"):
        load_settings()


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("EARSHOT_WEBHOOK_URL", "https://xn--oj4b27ee4b.xn--3e0b707e:8443/%EC%95%8C?from=earshot"),
        ("EARSHOT_WEBHOOK_URL", "https://[2606:2800:220:1:248:1893:25c8:1946]/in"),
        ("EARSHOT_WEBHOOK_URL", "https://alerts_in.example.com./in"),
        ("EARSHOT_GUIDANCE_URL", "https://안내.한국/api/rag/assist"),
    ],
)
def test_unusual_addresses_that_can_be_reached_are_taken(key: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_WEBHOOK_SECRET", "sixteen characters")
    monkeypatch.setenv(key, url)
    assert getattr(load_settings(), key.removeprefix(PREFIX).lower()) == url


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"EARSHOT_TLS_CERTIFICATE": __file__}, "EARSHOT_TLS_KEY"),
        ({"EARSHOT_TLS_CERTIFICATE": "/none.pem", "EARSHOT_TLS_KEY": __file__}, "EARSHOT_TLS_CERTIFICATE"),
        ({"EARSHOT_MEDIA_PORTS": "5000-4000"}, "EARSHOT_MEDIA_PORTS"),
        ({"EARSHOT_MEDIA_PORTS": "80-90"}, "EARSHOT_MEDIA_PORTS"),
        ({"EARSHOT_OIDC_METADATA_URL": "https://id.example.com/c"}, "EARSHOT_PUBLIC_URL"),
        ({"EARSHOT_STUN_SERVERS": "stun.example.com"}, "EARSHOT_STUN_SERVERS"),
        ({"EARSHOT_STUN_SERVERS": "stun:a.example, turn:b.example"}, "EARSHOT_STUN_SERVERS"),
        ({"EARSHOT_STUN_SERVERS": "stun:a.example?transport=udp"}, "EARSHOT_STUN_SERVERS"),
        ({"EARSHOT_TURN_SERVERS": TURN}, "EARSHOT_TURN_SERVERS"),
        ({"EARSHOT_WEBHOOK_URL": "https://alerts.example.com/in"}, "EARSHOT_WEBHOOK_SECRET"),
        ({"EARSHOT_ICE_POLICY": "relay"}, "EARSHOT_ICE_POLICY"),
        ({"EARSHOT_TURN_SECRET": "hush-hush"}, "EARSHOT_TURN_SERVERS"),
        ({"EARSHOT_TURN_SERVERS": TURN, "EARSHOT_TURN_USERNAME": "kim"}, "EARSHOT_TURN_PASSWORD"),
        ({"EARSHOT_TURN_SERVERS": TURN, "EARSHOT_TURN_PASSWORD": "hush"}, "EARSHOT_TURN_USERNAME"),
        ({"EARSHOT_ASSIST_ENGINE": "openai"}, "EARSHOT_ASSIST_ENGINE"),
        (
            {"EARSHOT_OPENAI_BASE_URL": "http://model.lan:8000/v1", "EARSHOT_OPENAI_API_KEY": "hush-hush"},
            "EARSHOT_OPENAI_BASE_URL",
        ),
        (
            {"EARSHOT_GUIDANCE_URL": "http://handbook.lan/api/rag/assist", "EARSHOT_GUIDANCE_KEY": "hush-hush"},
            "EARSHOT_GUIDANCE_URL",
        ),
        ({"EARSHOT_EMBEDDING_URL": "http://vectors.lan:8000/v1"}, "EARSHOT_EMBEDDING_MODEL"),
        (
            {
                "EARSHOT_EMBEDDING_URL": "http://vectors.lan:8000/v1",
                "EARSHOT_EMBEDDING_MODEL": "bge-m3",
                "EARSHOT_EMBEDDING_KEY": "hush-hush",
            },
            "EARSHOT_EMBEDDING_URL",
        ),
        (
            {
                "EARSHOT_TURN_SERVERS": TURN,
                "EARSHOT_TURN_SECRET": "hush-hush",
                "EARSHOT_TURN_USERNAME": "kim",
                "EARSHOT_TURN_PASSWORD": "hush",
            },
            "EARSHOT_TURN_SECRET",
        ),
    ],
)
def test_what_cannot_stand_together_is_named(
    given: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in given.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(SettingInvalid, match=f"The setting {named} cannot be used"):
        load_settings()
