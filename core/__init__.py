"""Earshot: an operations dashboard for live voice calls, and the media backend behind it."""
