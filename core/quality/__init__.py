"""RTP samples: their files."""
