"""Checks of the servers that help to find a path: what STUN and TURN say to this machine."""

from collections.abc import Callable, Mapping

from core.calls.checks.checkup import Check
from core.media.ice import IceConfiguration, IceServer
from core.media.ice_probe import IceProbe, ProbeOutcome, probe_stun, probe_turn
from core.model.check import CheckState, Finding, ServerCheck
from core.model.clock import Clock
from core.model.message import Message

PROBE_S = 5.0
"""How long a server may take; what it would take a call's START to wait for it."""
LIMIT_S = PROBE_S + 2.0

NO_STUN = Message("No STUN server is set up. Within one network, and with a public address, none is needed.")
NO_TURN = Message("No relay (TURN) is set up. Callers behind strict firewalls and on many mobile networks need one.")
SET_UP_TURN = Message("To set one up, name it in EARSHOT_TURN_SERVERS; docs/deploy.md says how.")
CHECK_CREDENTIALS = Message(
    "Check EARSHOT_TURN_USERNAME and EARSHOT_TURN_PASSWORD, or EARSHOT_TURN_SECRET and the clocks of both machines."
)
CHECK_RELAY = Message("Check the address in EARSHOT_TURN_SERVERS, the relay itself, and the firewall on the way.")
CHECK_CERTIFICATE = Message("Give the relay a certificate for its name that this machine trusts.")
CHECK_STUN = Message("Check the address in EARSHOT_STUN_SERVERS, and whether UDP may leave this machine.")
CHECK_RELAY_LOG = Message("Look into the relay's log; it may have no address or no room left.")


def network_checks(configuration: Callable[[], IceConfiguration], clock: Clock) -> tuple[Check, ...]:
    """A check for each configured server, or one that says calmly that there is none.

    Args:
        configuration: The server's side of it, with credentials that are good from now on; asked at every run.
        clock: Measures how long the servers take.
    """
    servers = configuration().servers
    checks = [_check(server, configuration, clock) for server in servers]
    if all(server.is_relay for server in servers):
        checks.append(_nothing(ServerCheck.STUN, Finding(CheckState.NOT_SET_UP, (NO_STUN,))))
    if not any(server.is_relay for server in servers):
        checks.append(_nothing(ServerCheck.TURN, Finding(CheckState.NOT_SET_UP, (NO_TURN,), SET_UP_TURN)))
    return tuple(checks)


def _check(server: IceServer, configuration: Callable[[], IceConfiguration], clock: Clock) -> Check:
    async def run() -> Finding:
        began_s = clock.monotonic()
        if server.is_relay:
            now = next(each for each in configuration().servers if each.url == server.url)
            probe = await probe_turn(now, PROBE_S)
        else:
            probe = await probe_stun(server.url, PROBE_S)
        took = {"address": probe.address, "ms": f"{1000 * (clock.monotonic() - began_s):.0f}"}
        return _turn_finding(probe, took) if server.is_relay else _stun_finding(probe, took)

    return Check(ServerCheck.TURN if server.is_relay else ServerCheck.STUN, run, LIMIT_S, server.url)


def _nothing(check: ServerCheck, finding: Finding) -> Check:
    async def run() -> Finding:
        return finding

    return Check(check, run, LIMIT_S)


def _stun_finding(probe: IceProbe, took: Mapping[str, object]) -> Finding:
    if probe.outcome is ProbeOutcome.REACHED:
        return Finding(CheckState.GOOD, (Message("It sees this server at {address} (answer in {ms} ms).", took),))
    reason = Message("It gave no address: {reason}.", {"reason": probe.reason})
    return Finding(CheckState.FAILED, (reason,), CHECK_STUN)


def _turn_finding(probe: IceProbe, took: Mapping[str, object]) -> Finding:
    reason = {"reason": probe.reason}
    match probe.outcome:
        case ProbeOutcome.REACHED:
            found = Message("It gave this server the address {address} and took it back (in {ms} ms).", took)
            return Finding(CheckState.GOOD, (found,))
        case ProbeOutcome.REFUSED:
            return Finding(CheckState.FAILED, (Message("It refused the credentials (401)."),), CHECK_CREDENTIALS)
        case ProbeOutcome.UNTRUSTED:
            untrusted = Message("Its certificate cannot be trusted: {reason}.", reason)
            return Finding(CheckState.FAILED, (untrusted,), CHECK_CERTIFICATE)
        case ProbeOutcome.BUSY:
            return Finding(
                CheckState.FAILED, (Message("It answered with an error: {reason}.", reason),), CHECK_RELAY_LOG
            )
        case ProbeOutcome.UNREACHABLE:
            return Finding(CheckState.FAILED, (Message("It cannot be reached: {reason}.", reason),), CHECK_RELAY)
