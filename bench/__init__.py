"""Measurements: they print numbers and pass no judgement, because numbers depend on the machine."""
