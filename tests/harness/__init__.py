"""The programs that the tests, the demo and the benchmarks start, and clients
to observe them."""
