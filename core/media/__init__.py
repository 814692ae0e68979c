"""The media process: legs, the bridge between them, server-side RTP figures, clients that play a file.

Only home of aiortc.
"""
