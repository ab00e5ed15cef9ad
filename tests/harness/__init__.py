"""What the tests, the demo and the benchmarks start and look at."""
