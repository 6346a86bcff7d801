"""What every benchmark shares: inputs, timing, memory, tables, and the runner."""
