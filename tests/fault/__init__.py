"""Fault injection, and an oracle outside the bridge that counts what
happens."""
