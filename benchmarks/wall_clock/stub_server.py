"""A server that does as little as can be done: 204 to whatever it is asked.

Run as a program it listens on loopback, prints its address, and ends with its
standard input; then it prints how many seconds it worked. It looks for the end of
each request and reads nothing else of it, so that the client is the slower one.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from time import process_time


ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
MOST_BYTES = 65_536


class Connection:
    """Counts the requests of one client that are whole, and answers each."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._data = b""

    def read(self) -> bool:
        """Read what there is; False when there is nothing more to come."""
        try:
            data = self._peer.recv(MOST_BYTES)
            self._data += data
            while (end := end_of_request(self._data)) is not None:
                self._data = self._data[end:]
                self._peer.sendall(ANSWER)
        except ConnectionError:
            return False
        return bool(data)

    def close(self) -> None:
        self._peer.close()


def end_of_request(data: bytes) -> int | None:
    """Say where the first request ends; None if it is not all there."""
    head, mark, _ = data.partition(END_OF_HEAD)
    if not mark:
        return None
    _, _, after = head.lower().partition(LENGTH)
    end = len(head) + len(mark) + int(after.partition(b"\r\n")[0] or 0)
    return end if end <= len(data) else None


@dataclass(slots=True)
class Server:
    """A server that runs: its address, and once it has ended, its work."""

    address: str
    worked_s: float = 0.0


@contextmanager
def serving() -> Iterator[Server]:
    """Run the server as a process of its own."""
    command = [sys.executable, "-m", "benchmarks.wall_clock.stub_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = Server(process.stdout.readline().strip())
        try:
            yield server
        finally:
            process.stdin.close()
            server.worked_s = float(process.stdout.readline() or 0)


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
    begun_s = process_time()
    serve()
    print(process_time() - begun_s)
