"""`ztpctl doctor --bridge URL` with servers that are no bridge: it says what is
wrong, and with which URL."""

import contextlib
import json
import socket
import subprocess
import threading

import pytest

from harness.where import build


class Played:
    """Answers one request with these bytes, and then waits for the client."""

    def __init__(self, answer, closes=True):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self.run, args=(answer, closes))
        self.thread.start()

    def run(self, answer, closes):
        client, _ = self.server.accept()
        with client:
            client.settimeout(30)
            client.recv(4096)
            client.sendall(answer)
            if not closes:  # one that has not read all of it resets
                with contextlib.suppress(ConnectionError):
                    client.recv(1)

    def found(self):
        url = f"http://127.0.0.1:{self.port}"
        done = subprocess.run(
            [build() / "ztpctl", "doctor", "--json", "--url",
             "mqtt://127.0.0.1:1", "--bridge", url],
            capture_output=True, text=True, timeout=60, check=False)
        self.thread.join(30)
        self.server.close()
        assert done.returncode == 1, done.stderr
        [says] = [found["message"] for found in json.loads(done.stdout)
                  if found["what"] == "bridges"]
        assert says.startswith(url + ": ")
        return says.removeprefix(url + ": ")


@pytest.mark.parametrize("answer, says", [
    (b"", "that is no HTTP"),
    (b"SSH-2.0-OpenSSH\r\n", "that is no HTTP"),
    (b"HTTP/1.0 -7 x\r\n\r\n{}", "that is no HTTP"),
    (b"HTTP/1.0 502 Bad\r\n\r\n<html>", "status 502, and no JSON: "),
    (b"HTTP/1.0 500 Bad\r\n\r\n" + b" " * 70000, "too long an answer"),
    (b'HTTP/1.0 421 No\r\n\r\n{"error":"not that Host"}', "not that Host"),
], ids=["nothing", "ssh", "negative", "page", "long", "refused"])
def test_what_is_no_answer(answer, says):
    # What is too long is not read, so it is not closed before the client is.
    assert Played(answer, len(answer) < 65536).found().startswith(says)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\n\r\n{"])
def test_silence(answer):
    assert Played(answer, closes=False).found() == "no answer within 5 s"
