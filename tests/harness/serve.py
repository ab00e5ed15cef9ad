"""ztp-approver serve."""

import hashlib
import pathlib
import re

from . import where
from .ports import free_port
from .process import Process


class Serve(Process):
    """tokens: {token: scope}; none: everybody on this machine may decide."""

    def __init__(self, folder, brokers, topics, tokens=None, name="serve"):
        self.tokens = pathlib.Path(folder) / f"{name}.tokens"
        self.listen = f"127.0.0.1:{free_port()}"  # also after a restart
        self.options = [
            "--brokers", brokers, "--requests", topics["requests"],
            "--decisions", topics["decisions"],
            "--results", topics["results"]]
        super().__init__(name, [], folder)
        if tokens:
            self.options += ["--tokens", self.tokens]
            self.write_tokens(tokens)

    def write_tokens(self, tokens):
        self.tokens.write_text("".join(
            f"sha256:{hashlib.sha256(token.encode()).hexdigest()} {scope}\n"
            for token, scope in tokens.items()))
        self.tokens.chmod(0o600)

    def start(self):
        self.argv = [str(arg) for arg in [
            where.binary("ztp-approver"), "serve", "--listen", self.listen,
            *self.options]]
        return super().start()

    def address(self):
        """Of the page, once it is there."""
        self.wait_log(rf"listening on \S*{re.escape(self.listen)}$")
        return f"http://{self.listen}"
