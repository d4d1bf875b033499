"""A stub server with the least possible work: a 204 to every request.

Run as a program it listens on loopback and prints its address. It ends when its
standard input ends, and then prints the CPU seconds that it used. It only looks for
the end of each request, so that the client is the slower one.
"""

import socket
import sys
from contextlib import AbstractContextManager
from selectors import EVENT_READ, DefaultSelector
from time import process_time

from benchmarks.harness import Server, serving


RESPONSE = b"HTTP/1.1 204 No Content\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"
CONTENT_LENGTH = b"content-length:"
MAX_READ_BYTES = 65_536


class Connection:
    """One connection: responds to each complete request."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._data = b""

    def read(self) -> bool:
        """Read the available bytes; False at the end of the connection."""
        try:
            data = self._peer.recv(MAX_READ_BYTES)
            self._data += data
            while (end := end_of_request(self._data)) is not None:
                self._data = self._data[end:]
                self._peer.sendall(RESPONSE)
        except ConnectionError:
            return False
        return bool(data)

    def close(self) -> None:
        self._peer.close()


def end_of_request(data: bytes) -> int | None:
    """Find the end of the first request; None if it is incomplete."""
    head, mark, _ = data.partition(END_OF_HEAD)
    if not mark:
        return None
    _, _, after = head.lower().partition(CONTENT_LENGTH)
    end = len(head) + len(mark) + int(after.partition(b"\r\n")[0] or 0)
    return end if end <= len(data) else None


def running_stub_server() -> AbstractContextManager[Server]:
    """Run the server in another process. Its final output is its CPU seconds."""
    return serving("benchmarks.wall_clock.stub_server")


def serve() -> None:
    """Serve until standard input ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        selector = DefaultSelector()
        selector.register(sys.stdin, EVENT_READ)
        selector.register(listener, EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is listener:
                    peer, _ = listener.accept()
                    selector.register(peer, EVENT_READ, Connection(peer))
                elif not key.data.read():
                    selector.unregister(key.fileobj)
                    key.data.close()


if __name__ == "__main__":
    started_s = process_time()
    serve()
    print(process_time() - started_s)
