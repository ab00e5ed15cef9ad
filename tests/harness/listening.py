"""A server that a test plays: it listens on a port of the kernel's, and each
connection has a thread."""

import contextlib
import socket
import threading


class Listening:
    """`with` it. `_serve(link)` is called for each connection, in its thread, and
    is the subclass's; `open` has them all. An end of the connection ends it."""

    def __init__(self):
        self.open = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for link in self.open:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self.thread.join()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.server.accept()
                self.open.append(link)
                threading.Thread(target=self._run, args=(link,),
                                 daemon=True).start()

    def _run(self, link):
        with contextlib.suppress(OSError, EOFError):
            self._serve(link)

    def _serve(self, link):
        raise NotImplementedError
