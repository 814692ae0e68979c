"""RTP samples: files and figures. Pure functions of samples and time."""
