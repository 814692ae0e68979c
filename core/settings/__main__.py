"""`python -m core.settings` prints README.md's table of all settings, and with `--env` the text of `.env.example`."""

import sys

from core.settings.table import env_template, settings_table

sys.stdout.write(env_template() if "--env" in sys.argv[1:] else settings_table())
