"""The address that the server listens on, tried before it starts.

`python -m core.api.address HOST PORT` exits with 1 and a sentence where it cannot be had. Streamlit by itself would
move to the next port without a word or, where the port was asked for, say only that it is not available.
"""

import errno
import socket
import sys
from collections.abc import Sequence

from core.model.errors import AddressUnusable, EarshotError, PortTaken


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


def main(arguments: Sequence[str]) -> int:
    """Check the address; 1 with a sentence when it cannot be had."""
    host, port = arguments
    try:
        if not port.isdecimal():
            raise AddressUnusable(address=f"{host}:{port}", reason="a port is a number from 0 to 65535")
        check_free(host, int(port))
    except EarshotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
