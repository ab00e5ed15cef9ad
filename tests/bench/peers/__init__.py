"""The programs compared with ztp-bridge in `make bench-peers`, and their
stage."""
