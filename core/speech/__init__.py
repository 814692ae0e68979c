"""Streaming speech-to-text: one interface, its engines."""
