"""RTP samples: their files, and what they say: scores and alerts."""
