"""The Doctor: checks of the server before a call, and trial calls for a browser's own."""
