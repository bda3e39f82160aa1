"""One thin module per DVC stage: read params, call pure functions, write outs."""
