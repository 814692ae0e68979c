"""The running summary of a call."""
