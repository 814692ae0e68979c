"""`python -m core.quality FILE`: what a file tells of a call's sound.

It is a dump of chrome://webrtc-internals, packed or not, Parquet of ours, or the folder of a call's segments.

Ends with 0 where nothing is wrong, 1 where a cause or an alert was found, 2 where the file cannot be read.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from core.language.catalogue import LOCALES, Translate, choose_locale, describe, message, translator
from core.language.formats import duration
from core.model.diagnosis import HARMLESS
from core.model.errors import ImportedFileError
from core.model.imported import ImportedCall
from core.model.quality import CallQuality
from core.model.sample import Direction
from core.quality.alert_words import BANDS, alert_sentence
from core.quality.alerts import judged
from core.quality.diagnosis_words import diagnosis_words
from core.quality.import_words import KINDS, LEFT_OUT, leg_name
from core.quality.imports import read_import_path

NOTHING_WRONG, SOMETHING_WRONG, UNREADABLE = 0, 1, 2
WAYS: Mapping[Direction, str] = {Direction.INBOUND: message("sends"), Direction.OUTBOUND: message("hears")}
PROGRESS_STEP = 0.02


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Print what a file tells; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m core.quality", description="What a file tells of a call's sound.")
    parser.add_argument("file", type=Path, help="dump of chrome://webrtc-internals (.gz too), Parquet file, or folder")
    parser.add_argument("--language", choices=LOCALES, help="ko or en; the terminal's without it")
    parser.add_argument("--json", action="store_true", help="print scores, alerts and causes as JSON")
    options = parser.parse_args(arguments)
    spoken = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    translate = translator(options.language or choose_locale(spoken.partition(".")[0]))
    try:
        call = read_import_path(options.file, _progress())
    except ImportedFileError as error:
        sys.stderr.write(f"{describe(error, translate)}\n")
        return UNREADABLE
    quality = judged(call.samples, call.leg_facts, call.notes, call.end_s)
    if options.json:
        print(json.dumps(as_json(call, quality), ensure_ascii=False, indent=2, default=sorted))
    else:
        for line in as_text(call, quality, translate):
            print(line)
    is_wrong = quality.alerts or any(found.cause not in HARMLESS for found in quality.diagnoses)
    return SOMETHING_WRONG if is_wrong else NOTHING_WRONG


def _progress() -> Callable[[float], None]:
    """A bar for whoever waits at a terminal; nothing elsewhere."""
    shown = 0.0
    is_terminal = sys.stderr.isatty()

    def show(share: float) -> None:
        nonlocal shown
        if is_terminal and (share >= shown + PROGRESS_STEP or (share == 1.0 and shown)):
            shown = share
            bar = "█" * round(share * 40)
            sys.stderr.write(f"\r{bar:<40} {share:4.0%}" if share < 1.0 else f"\r{'':46}\r")
            sys.stderr.flush()

    return show


def as_json(call: ImportedCall, quality: CallQuality) -> dict[str, object]:
    """What programs read."""
    legs = dict.fromkeys(sample.leg_id for sample in call.samples)
    return {
        "name": call.name,
        "kind": call.kind.value,
        "browser": call.browser,
        "begun_at": call.begun_at,
        "seconds": call.end_s,
        "samples": len(call.samples),
        "legs": list(legs | dict.fromkeys(call.leg_facts)),
        "left_out": {what.value: count for what, count in call.left_out.items()},
        **asdict(quality),
    }


def as_text(call: ImportedCall, quality: CallQuality, translate: Translate) -> Iterator[str]:
    """What people read, line by line."""
    _ = translate
    facts = [
        _(KINDS[call.kind]),
        call.browser,
        duration(call.end_s),
        _("{count} samples").format(count=len(call.samples)),
    ]
    yield f"{call.name}: {', '.join(fact for fact in facts if fact)}"
    for what, count in call.left_out.items():
        yield f"  {_(LEFT_OUT[what]).format(count=count)}"
    yield ""
    yield _("Scores")
    for score in quality.scores:
        figures = f"RTT {score.rtt_ms:.0f} ms, jitter {score.jitter_ms:.1f} ms, loss {score.loss_pct:.1f} %"
        band = _(BANDS[score.band])
        yield f"  {leg_name(score.leg_id, _)} {_(WAYS[score.direction])}: MOS {score.mos:.2f} ({band}) – {figures}"
    if not quality.scores:
        yield f"  {_('No score: it takes round-trip time, jitter and loss of the same seconds, and one was missing.')}"
    yield ""
    yield _("Alerts")
    for alert in quality.alerts:
        until = "" if alert.cleared_at_s is None else f"–{duration(alert.cleared_at_s)}"
        yield f"  {duration(alert.raised_at_s)}{until}  {alert_sentence(alert, leg_name(alert.leg_id, _), _)}"
    if not quality.alerts:
        yield f"  {_('None.')}"
    yield ""
    yield _("Causes")
    for found in quality.diagnoses:
        words = diagnosis_words(found, "" if found.leg_id is None else leg_name(found.leg_id, _), _)
        until = "" if found.end_s is None else f"–{duration(found.end_s)}"
        yield f"  {duration(found.start_s)}{until}  {words.title}"
        yield f"      {words.meaning}"
        for each in words.evidence:
            yield f"      {each.label}: {each.value}" + (f" ({_('limit')} {each.limit})" if each.limit else "")
        yield f"      → {words.cure}"
    if not quality.diagnoses:
        yield f"  {_('No cause of trouble was found.')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
