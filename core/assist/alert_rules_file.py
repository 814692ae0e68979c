"""The file of alert rules as it is on the disk, and what is in use of it."""

from pathlib import Path

from core.assist.alert_rules import AlertRules
from core.assist.alert_rules_format import parse_alert_rules
from core.model.clock import Clock
from core.model.errors import AlertRulesChanged, AlertRulesInvalid, AlertRulesUnreadable, AlertRulesUnwritable
from core.settings.edited_file import EditedFile, FileForm, FileReport

SAMPLE = Path(__file__).with_name("sample_alerts.yaml")
"""In use for as long as there is no file, and what an editor begins with."""

AlertRulesReport = FileReport[AlertRules]
AlertRulesFile = EditedFile[AlertRules]

RULES_FORM: FileForm[AlertRules] = FileForm(
    parse=parse_alert_rules,
    without=parse_alert_rules(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name),
    invalid=AlertRulesInvalid,
    unreadable=AlertRulesUnreadable,
    unwritable=AlertRulesUnwritable,
    changed=AlertRulesChanged,
)


def alert_rules_file(path: Path, clock: Clock) -> AlertRulesFile:
    """The rules in a file; those of the sample where there is none."""
    return EditedFile(path, clock, RULES_FORM)
