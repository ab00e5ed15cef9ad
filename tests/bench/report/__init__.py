"""From the figures of the benchmarks to docs/benchmarks.md."""
