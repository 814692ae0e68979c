"""Whether this machine can make a WebRTC connection to itself."""

import ipaddress
import socket

import psutil


def only_loopback() -> bool:
    """Whether there is no address but loopback, which ICE leaves out (IPv6 link-local ones too)."""
    for addresses in psutil.net_if_addrs().values():
        for entry in addresses:
            if entry.family not in (socket.AF_INET, socket.AF_INET6):
                continue
            address = ipaddress.ip_address(entry.address.partition("%")[0])
            if not (address.is_loopback or (address.version == 6 and address.is_link_local)):
                return False
    return True
