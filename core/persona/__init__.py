"""The AI voice: the realtime session and all that it needs, without a page and without media connections."""
