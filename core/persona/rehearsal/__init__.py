"""A local server that speaks the Realtime protocol: hears, answers from a script, and fails on request."""
