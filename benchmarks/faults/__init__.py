"""Faults: the pipeline is killed, starved, damaged and run twice, and must end in the right result or a clear error."""
