"""What stands beside ztp-bridge in `make bench-peers`, and the stage."""
