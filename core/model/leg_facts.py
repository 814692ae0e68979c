"""What is known of a leg beside its samples: when it was set up, and what its browser says about itself."""

from dataclasses import dataclass

from core.model.call import LegId


@dataclass(frozen=True, slots=True)
class MicrophoneFacts:
    """What the browser really does with the microphone; None where it does not say."""

    echo_cancellation: bool | None = None
    noise_suppression: bool | None = None
    auto_gain_control: bool | None = None
    sample_rate: int | None = None
    """Hz."""


@dataclass(frozen=True, slots=True)
class IceFacts:
    """How the browser looked for a path to the server."""

    is_relay_only: bool = False
    """Whether it was told to use nothing but a relay."""
    has_turn: bool = False
    """Whether it was given a TURN server."""
    local: tuple[str, ...] = ()
    """What it could offer, each once, sorted: a type and a transport, such as `host/udp` or `relay/tls`."""
    remote: tuple[str, ...] = ()
    """What the server offered, in the same form."""
    errors: tuple[int, ...] = ()
    """Error codes of STUN and TURN servers, each once (RFC 8489, section 14.8; 701: no answer at all)."""


@dataclass(frozen=True, slots=True)
class BrowserFacts:
    """What a browser says about itself and its leg."""

    name: str = ""
    """Family and major version, such as `Chromium 156`."""
    platform: str = ""
    """Family of the operating system, such as `Windows` or `Android`."""
    network: str = ""
    """What it is connected by, where it says: `wifi`, `cellular`, `ethernet`, `vpn`; empty otherwise."""
    is_secure: bool = True
    """Whether the page counts as secure: on others there is no microphone."""
    microphone: MicrophoneFacts | None = None
    """None without a microphone."""
    ice: IceFacts = IceFacts()
    clock_error_ms: float | None = None
    """By how much its times on the call's clock may be wrong: half of the shortest request's way there and back."""


@dataclass(frozen=True, slots=True)
class LegFacts:
    """One leg. Times are on the call's clock; None for what has not come."""

    leg_id: LegId
    opened_at_s: float
    offered_at_s: float | None = None
    """When the browser's offer was answered."""
    connected_at_s: float | None = None
    ended_at_s: float | None = None
    is_listener: bool = False
    """Whether it sends no sound on purpose."""
    browser: BrowserFacts | None = None
    """None where no browser has told: a recorded voice, or a browser that cannot reach the server by HTTP."""

    @property
    def set_up_s(self) -> float | None:
        """From the offer to the connection."""
        if self.offered_at_s is None or self.connected_at_s is None:
            return None
        return self.connected_at_s - self.offered_at_s
