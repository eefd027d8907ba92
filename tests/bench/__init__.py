"""The benchmarks measure what they say; how fast it was is no test."""
