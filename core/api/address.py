"""The address that the server listens on, tried before it starts.

Streamlit by itself would move to the next port without a word or, where the port was asked for, say only that it is not
available.
"""

import errno
import socket

from core.model.errors import AddressUnusable, PortTaken


def check_free(host: str, port: int) -> None:
    """Listen on an address for a moment, the way the server will. Any thread.

    Raises:
        PortTaken: another program listens there.
        AddressUnusable: this machine or user cannot listen there.
    """
    address = f"{host}:{port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            # As servers do: a connection that has just ended does not keep the address taken.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
            trial.listen()
    except OverflowError as error:
        raise AddressUnusable(address=address, reason="a port is a number from 0 to 65535") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(address=address) from error
        raise AddressUnusable(address=address, reason=error.strerror or str(error)) from error
