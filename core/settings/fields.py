"""Every setting, typed, with its default, its limits and its meaning."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.settings.choices import (
    AssistEngine,
    BridgeKind,
    Environment,
    IcePolicy,
    InterfaceLocale,
    ReasoningEffort,
    SpeechEngine,
)

PREFIX = "EARSHOT_"
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""Several values in one variable, with commas between them."""


def _stripped(value: object) -> object:
    return (value.strip() or None) if isinstance(value, str) else value


STRIPPED = BeforeValidator(_stripped)
"""For secrets that another program has, too: one that was read from a file often brings the file's last line feed."""


class Settings(BaseSettings):
    """What the user decided; immutable after start. `make run` and every `python -m core...` read it the same way."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=PROJECT_ROOT / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    env: Annotated[
        Environment,
        Field(description="`development`, or `production`, which refuses to start with unsafe settings."),
    ] = Environment.DEVELOPMENT

    data_dir: Annotated[
        Path,
        Field(description="Folder for everything that is kept: database, sample files, joined models, keys."),
    ] = PROJECT_ROOT / "data"
    database_url: Annotated[str, Field(description="Any SQLAlchemy URL; empty: SQLite in the data folder.")] = ""
    secret_key: Annotated[
        SecretStr | None,
        Field(min_length=16, description="Signs links. Empty: made at first start and kept in the data folder."),
    ] = None

    public_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            description="Address at which browsers reach Earshot, such as `https://calls.example.com`; for links.",
        ),
    ] = ""
    bind_address: Annotated[str, Field(description="Address to listen on; `0.0.0.0` for every one of the machine.")] = (
        "localhost"
    )
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8501
    tls_certificate: Annotated[
        Path | None, Field(description="Certificate (PEM, with its chain) for HTTPS without a proxy in front.")
    ] = None
    tls_key: Annotated[Path | None, Field(description="The certificate's private key (PEM).")] = None
    trusted_hosts: Annotated[
        Listed,
        Field(
            description="Host names under which requests are answered, with commas; `*.example.com` for all below it. "
            "Empty: this machine's own names, the bind address and the public URL's host."
        ),
    ] = ()
    trusted_proxies: Annotated[
        Listed, Field(description="Addresses of reverse proxies whose word on the client's address counts.")
    ] = ("127.0.0.1", "::1")
    media_address: Annotated[
        str,
        Field(
            pattern=r"^$|^[0-9a-fA-F.:]+$",
            description="IP address that browsers send audio to, where it is not the machine's own (NAT, cloud).",
        ),
    ] = ""
    media_ports: Annotated[
        str,
        Field(pattern=r"^$|^\d{1,5}-\d{1,5}$", description="UDP ports for audio, such as `40000-40999`; empty: any."),
    ] = ""
    stun_servers: Annotated[
        Listed, Field(description="STUN servers, with commas: `stun:stun.example.com:3478`. The server uses the first.")
    ] = ()
    turn_servers: Annotated[
        Listed,
        Field(
            description="TURN servers, with commas: `turn:turn.example.com:3478?transport=udp`, "
            "`turns:turn.example.com:5349`. Browsers try them all, the server uses the first."
        ),
    ] = ()
    turn_username: Annotated[str, Field(description="User name at the TURN servers, with a fixed password.")] = ""
    turn_password: Annotated[
        SecretStr | None, Field(description="The fixed password; every browser in a call can read it.")
    ] = None
    turn_secret: Annotated[
        SecretStr | None,
        Field(
            description="Secret shared with the TURN servers (coturn: `static-auth-secret`), instead of a password; "
            "each connection gets credentials of its own, which expire."
        ),
    ] = None
    turn_lifetime_s: Annotated[
        int,
        Field(ge=60, le=7 * 24 * 3600, description="Seconds for which credentials made with the secret are good."),
    ] = 24 * 3600
    ice_policy: Annotated[
        IcePolicy,
        Field(
            description="Path of the audio: `all` (the best that connects), or `relay` (through a TURN server only, "
            "on both sides)."
        ),
    ] = IcePolicy.ALL
    call_limit: Annotated[int, Field(ge=1, le=10_000, description="Calls that may run at the same time.")] = 50
    drain_s: Annotated[
        float,
        Field(ge=0, le=24 * 3600, description="Seconds that running calls may go on once the server is told to stop."),
    ] = 60.0

    users_file: Annotated[
        Path | None,
        Field(description="File with local users and hashed passwords (`python -m core.access`); turns sign-in on."),
    ] = None
    oidc_metadata_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://\S+$",
            description="An OpenID Connect provider's `.well-known/openid-configuration`; turns sign-in with it on.",
        ),
    ] = ""
    oidc_client_id: Annotated[str, Field(description="Earshot's client id at the provider.")] = ""
    oidc_client_secret: Annotated[SecretStr | None, Field(description="Earshot's client secret at the provider.")] = (
        None
    )
    oidc_role_claim: Annotated[str, Field(description="Claim that names a person's groups or roles.")] = "groups"
    oidc_roles: Annotated[
        Listed,
        Field(
            description="Which value of the claim gives which role: `ops-leads=supervisor, staff=agent`; the highest "
            "role counts."
        ),
    ] = ()
    session_hours: Annotated[float, Field(gt=0, le=24 * 30, description="How long a sign-in lasts, in hours.")] = 12.0
    join_link_hours: Annotated[
        float, Field(gt=0, le=24 * 365, description="How long a join link is valid, in hours.")
    ] = 24.0

    rate_limit: Annotated[
        str,
        Field(
            pattern=r"^\d+/(second|minute|hour)$",
            description="Requests that a client may send to each route of the API.",
        ),
    ] = "100/minute"
    page_rate_limit: Annotated[
        str,
        Field(
            pattern=r"^\d+/(second|minute|hour)$",
            description="Requests that a client may send for the pages themselves and their files, all together.",
        ),
    ] = "2000/minute"
    request_limit_kb: Annotated[int, Field(ge=1, le=10_240, description="Largest request that is read, in KiB.")] = 64
    cors_origins: Annotated[
        Listed,
        Field(description="Web origins that may use the API from a browser, with patterns: `https://*.example.com`."),
    ] = ()

    masking: Annotated[
        bool, Field(description="Hide card, resident-registration, phone and account numbers before they are kept.")
    ] = True
    masking_rules: Annotated[Path, Field(description="What is hidden (TOML).")] = (
        PROJECT_ROOT / "core" / "language" / "masking_rules.toml"
    )
    private_monitoring: Annotated[
        bool,
        Field(
            description="Whether agents and customers are not shown supervisors who only listen; coaching, barging in "
            "and taking over are always shown. Ask what the law requires before you turn it on."
        ),
    ] = False
    latency_budget_s: Annotated[
        float,
        Field(
            gt=0,
            le=120,
            description="Seconds from the end of speech to the painted summary that a turn may take; what takes longer "
            "is marked on the Calls page.",
        ),
    ] = 2.0
    prices: Annotated[Path, Field(description="What speech to text and language models cost (TOML).")] = (
        PROJECT_ROOT / "core" / "calls" / "prices.toml"
    )
    retention_days: Annotated[
        int, Field(ge=0, le=36_500, description="Days after which ended calls are deleted for good; 0 keeps them.")
    ] = 0
    join_notice_ko: Annotated[
        str, Field(max_length=1000, description="Notice on the Join page in Korean; empty for the standard one.")
    ] = ""
    join_notice_en: Annotated[
        str, Field(max_length=1000, description="Notice on the Join page in English; empty for the standard one.")
    ] = ""

    locale: Annotated[
        InterfaceLocale, Field(description="Interface language: `auto` (the browser's), `ko` or `en`.")
    ] = InterfaceLocale.AUTO
    language: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}$", description="Spoken language that a new call starts with.")
    ] = "ko"

    bridge: Annotated[
        BridgeKind,
        Field(
            description="How audio reaches the others: `forward` (from socket to socket), `tap` (numbered anew), or "
            "`relay` (decoded and encoded, aiortc's MediaRelay). What the installed aiortc does not allow falls back."
        ),
    ] = BridgeKind.FORWARD
    grace_s: Annotated[
        float, Field(ge=1, le=600, description="Seconds that a lost participant keeps the place in the call.")
    ] = 20.0
    echo_cancellation: Annotated[bool, Field(description="Asked of the browser's microphone.")] = True
    noise_suppression: Annotated[
        bool, Field(description="Asked of the browser's microphone; off, because it makes voices robotic.")
    ] = False
    auto_gain_control: Annotated[bool, Field(description="Asked of the browser's microphone.")] = True

    engine: Annotated[SpeechEngine, Field(description="Speech to text: `auto`, `whisper` or `google`.")] = (
        SpeechEngine.AUTO
    )
    google_project: Annotated[
        str,
        Field(
            pattern=r"^$|^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
            description="Google Cloud project that speech recognition is billed to; empty for the credentials' own.",
        ),
    ] = ""
    google_region: Annotated[
        str,
        Field(
            pattern=r"^[a-z]+(-[a-z]+\d+)?$",
            description="Where Google recognises speech: `asia-southeast1`, `us-central1`, `eu`, `global` and others; "
            "not every model is everywhere.",
        ),
    ] = "asia-southeast1"
    google_model: Annotated[
        str,
        Field(pattern=r"^[a-z0-9_]+$", description="Google's speech model, such as `chirp_2`, `chirp_3` or `long`."),
    ] = "chirp_2"
    google_recognizer: Annotated[
        str,
        Field(pattern=r"^(_|[a-z][a-z0-9-]*)$", description="A recogniser of the project; `_` for none."),
    ] = "_"
    google_endpoint: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+$",
            description="Address of Google's service where it is not the region's own, such as a private endpoint; "
            "`http://` on this machine only.",
        ),
    ] = ""
    google_stream_s: Annotated[
        int,
        Field(ge=15, le=300, description="Seconds that one stream to Google may last; the next takes over before."),
    ] = 300
    whisper_model: Annotated[
        str,
        Field(description="Whisper model: empty for the base model that comes with the packages, or a path or name."),
    ] = ""
    whisper_workers: Annotated[
        int, Field(ge=1, le=64, description="Utterances that are recognised at the same time.")
    ] = 2
    whisper_threads: Annotated[
        int,
        Field(ge=1, le=64, description="Cores that one utterance takes; more utterances at a time beat more cores."),
    ] = 1
    whisper_window_s: Annotated[
        float,
        Field(
            ge=4, le=30, description="Shortest stretch that Whisper reads, in seconds: an utterance and its silence."
        ),
    ] = 10.0
    whisper_beam: Annotated[int, Field(ge=1, le=10, description="Beam width of the final text; 1 is fastest.")] = 1
    endpoint_ms: Annotated[
        int, Field(ge=100, le=3000, description="Silence that ends an utterance, in milliseconds.")
    ] = 500
    speech_hints: Annotated[
        Path | None,
        Field(
            description="File with names and phrases that are likely to be said (YAML), for better recognition. "
            "Empty: `speech_hints.yaml` in the data folder, if it is there."
        ),
    ] = None

    assist_engine: Annotated[
        AssistEngine,
        Field(
            description="Summary and insights: `extractive` (no model), `openai` (OpenAI or a compatible server), or "
            "`auto` (`openai` where a key or a base URL is set)."
        ),
    ] = AssistEngine.AUTO
    openai_base_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            description="Address of a server that speaks OpenAI's protocol, such as `http://localhost:11434/v1`; empty "
            "for OpenAI itself.",
        ),
    ] = ""
    openai_api_key: Annotated[
        SecretStr | None,
        Field(min_length=1, description="Key for the language model's server; many servers of one's own need none."),
        STRIPPED,
    ] = None
    openai_model: Annotated[
        str,
        Field(
            pattern=r"^\S+$",
            description="The language model's name on its server; it has to keep to a JSON schema.",
        ),
    ] = "gpt-5-mini"
    openai_reasoning_effort: Annotated[
        ReasoningEffort,
        Field(
            description="How long a reasoning model thinks: `none`, `minimal`, `low`, `medium` or `high`; `off` for "
            "models that refuse to be told."
        ),
    ] = ReasoningEffort.LOW
    openai_token_limit: Annotated[
        int,
        Field(ge=100, le=32_000, description="Most tokens of one answer, those that a model thinks in included."),
    ] = 1500
    openai_timeout_s: Annotated[
        float, Field(ge=1, le=300, description="Seconds that one answer may take from the question to its end.")
    ] = 20.0
    openai_silence_s: Annotated[
        float, Field(ge=1, le=300, description="Seconds that the server may send nothing, before an answer and in it.")
    ] = 10.0
    prompt_dir: Annotated[
        Path | None,
        Field(
            description="Folder with the prompts that were changed here (`ko.md`, `en.md`). Empty: `prompts` in the "
            "data folder; what is not there is Earshot's own."
        ),
    ] = None

    persona_dir: Annotated[Path, Field(description="Folder with the personas that one can talk to (TOML).")] = (
        PROJECT_ROOT / "personas"
    )
    realtime_base_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            description="Address of a server that speaks OpenAI's Realtime protocol, such as the rehearsal's "
            "`http://localhost:8765/v1`; empty for OpenAI itself.",
        ),
    ] = ""
    realtime_api_key: Annotated[
        SecretStr | None,
        Field(
            min_length=1,
            description="Key for the personas' server. Empty: the language model's key, where both are at the same "
            "address.",
        ),
        STRIPPED,
    ] = None
    realtime_model: Annotated[str, Field(pattern=r"^\S+$", description="Model of personas whose file names none.")] = (
        "gpt-realtime-2.1-mini"
    )
    realtime_transcription_model: Annotated[
        str, Field(pattern=r"^\S+$", description="Model that writes down what is said to a persona.")
    ] = "gpt-transcribe"
    persona_tail_ms: Annotated[
        int,
        Field(
            ge=0,
            le=2000,
            description="How long the microphone stays closed after a persona's voice has faded at the listener, in "
            "milliseconds.",
        ),
    ] = 200
    opening_hours: Annotated[
        Listed,
        Field(description="When personas may be talked to: `08:00-18:00`, or several spans with commas; `closed`."),
    ] = ("08:00-18:00",)
    opening_days: Annotated[
        Listed, Field(description="Days of the week with opening hours: `mon, tue, wed, thu, fri, sat, sun`.")
    ] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    holidays: Annotated[
        Listed, Field(description="Days without opening hours, such as `2027-01-01`, with commas.")
    ] = ()
    time_zone: Annotated[
        str, Field(description="Time zone of the opening hours, such as `Asia/Seoul` or `Europe/Berlin`.")
    ] = "Asia/Seoul"

    knowledge_dir: Annotated[Path, Field(description="Folder with the handbook (Markdown, CSV, JSON).")] = (
        PROJECT_ROOT / "knowledge"
    )
    assist_input_tokens: Annotated[
        int,
        Field(
            ge=500,
            le=200_000,
            description="Most tokens of a conversation that the language model is sent, as estimated; older turns are "
            "condensed, what is unresolved stays.",
        ),
    ] = 3_000
    assist_requests: Annotated[
        int, Field(ge=1, le=64, description="Calls that the language model may be asked about at the same time.")
    ] = 8
    scenario_dir: Annotated[Path, Field(description="Folder with scripted demo conversations (JSON).")] = (
        PROJECT_ROOT / "demo" / "scenarios"
    )
    guidance_documents: Annotated[int, Field(ge=1, le=20, description="Passages that the live page asks for.")] = 4
    guidance_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            description="Another server that is asked instead of the handbook here: the whole address, such as "
            "`https://handbook.example.com/api/rag/assist`. Empty: the handbook here.",
        ),
    ] = ""
    guidance_key: Annotated[SecretStr | None, Field(description="Sent to that server as a bearer token."), STRIPPED] = (
        None
    )
    guidance_timeout_s: Annotated[
        float, Field(ge=0.1, le=60, description="Seconds within which that server must answer.")
    ] = 3.0
    guidance_token: Annotated[
        SecretStr | None,
        Field(
            min_length=16,
            description="Bearer token with which other servers may ask the handbook here (`POST /api/rag/assist`). "
            "Empty: signed-in people only.",
        ),
        STRIPPED,
    ] = None
    embedding_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+(/[^?#\s]*)?$",
            description="An OpenAI-compatible API that turns texts into vectors, such as `https://api.openai.com/v1`: "
            "passages are then found by meaning, too. It is sent the handbook and every summary.",
        ),
    ] = ""
    embedding_model: Annotated[
        str, Field(max_length=200, description="Its model, such as `text-embedding-3-small`.")
    ] = ""
    embedding_key: Annotated[
        SecretStr | None, Field(description="Its key; empty where it asks for none."), STRIPPED
    ] = None

    alert_rules: Annotated[
        Path | None,
        Field(
            description="File with the rules for alerts about what is said (YAML). Empty: `alerts.yaml` in the data "
            "folder, if it is there, or else the rules that come with Earshot."
        ),
    ] = None
    webhook_url: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://[^/?#@\s]+(/[^#\s]*)?$",
            description="Address that alerts are sent to, for rules with `webhook: true`; empty for none.",
        ),
    ] = ""
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            min_length=16, description="Signs what is sent to the webhook, so that the receiver can tell it is ours."
        ),
        STRIPPED,
    ] = None
    webhook_private: Annotated[
        bool, Field(description="Whether the webhook may be on a private network or on this machine.")
    ] = False
    webhook_words: Annotated[
        bool,
        Field(description="Whether the webhook is told the words that raised an alert; masked numbers stay masked."),
    ] = False

    log_level: Annotated[
        str,
        Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe message that is logged."),
    ] = "INFO"

    @property
    def effective_database_url(self) -> str:
        """The database in use: the configured one, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'earshot.db'}"

    @property
    def effective_speech_hints(self) -> Path:
        """The file of vocabulary hints, whether it is there or not."""
        return self.speech_hints or self.data_dir / "speech_hints.yaml"

    @property
    def effective_prompt_dir(self) -> Path:
        """The folder of the prompts that were changed here, whether it is there or not."""
        return self.prompt_dir or self.data_dir / "prompts"

    @property
    def effective_realtime_key(self) -> SecretStr | None:
        """The key for the personas' server: its own, or the language model's, which no other server must see."""
        if self.realtime_api_key is not None or self.realtime_base_url != self.openai_base_url:
            return self.realtime_api_key
        return self.openai_api_key

    @property
    def effective_alert_rules(self) -> Path:
        """The file of alert rules, whether it is there or not."""
        return self.alert_rules or self.data_dir / "alerts.yaml"

    @property
    def public_host(self) -> str:
        """Host name of the public URL, without a port; empty where there is no public URL."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_https(self) -> bool:
        """Whether browsers reach Earshot over HTTPS, by its own certificate or a proxy's."""
        return self.tls_certificate is not None or self.public_url.startswith("https://")
