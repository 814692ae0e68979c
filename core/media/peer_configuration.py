"""What a peer connection of ours is given to find its path with."""

from aiortc import RTCConfiguration, RTCIceServer
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from core.media.ice import IceConfiguration


def peer_configuration(ice: IceConfiguration) -> RTCConfiguration:
    """`ice` as aiortc has it. Of several servers of a kind aioice would take the first; no others are passed on."""
    return RTCConfiguration(
        iceServers=[
            RTCIceServer(server.url, username=server.username or None, credential=server.credential or None)
            for server in ice.for_one_relay.servers
        ],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if ice.relay_only else RTCIceTransportPolicy.ALL,
    )
