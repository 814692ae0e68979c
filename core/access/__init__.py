"""Who is who: local users, sign-ins, and signed tokens. `python -m core.access` manages the local users."""
