"""Breaking things on purpose, and an oracle outside the bridge that counts."""
