"""Every word of the Doctor page that a script shows, in the reader's language. English sentences are keys."""

from core.language.catalogue import Translate
from core.quality.alert_words import BANDS
from core.ui.doctor_findings import browser_findings


def doctor_words(translate: Translate) -> dict[str, object]:
    """The words that assets/doctor.js shows."""
    _ = translate
    return {
        "sides": {"browser": _("This browser"), "server": _("The server")},
        "run_all": _("Run all checks"),
        "run": _("Run"),
        "again": _("Run again"),
        "run_one": _("Run the check: {name}"),
        "copy": _("Copy report"),
        "copied": _("Copied"),
        "report": _("Earshot Doctor's report"),
        "progress": _("Progress"),
        "level": _("Input level"),
        "aloud": _("Hear myself in the trial call"),
        "aloud_tip": _("Sends your voice instead of a tone and plays it back. Wear headphones, or it echoes."),
        "unreachable": _("The server does not answer. Check the network, and reload the page."),
        "milliseconds": _("{ms} ms"),
        "seconds": _("{seconds} s"),
        "just_now": _("just now"),
        "minutes_ago": _("{minutes} min ago"),
        "hours_ago": _("{hours} h ago"),
        "on": _("on"),
        "off": _("off"),
        "unknown": _("unknown"),
        "path_direct": _("direct path"),
        "path_relay": _("by the relay ({way})"),
        "bands": {band.value: _(name) for band, name in BANDS.items()},
        "states": {
            "not_run": _("Not run"),
            "waiting": _("Waiting"),
            "running": _("Running"),
            "good": _("Good"),
            "warning": _("Warning"),
            "failed": _("Failed"),
            "not_set_up": _("Not set up"),
        },
        "verdicts": {
            "not_run": _("Run the checks before a call: they take about half a minute."),
            "running": _("Running: {done} of {all} done"),
            "good": _("Everything is ready for a call."),
            "warning": _("Calls are possible, with warnings: {warnings}."),
            "failed": _("Failed checks: {failed}. The cure stands beside each."),
        },
        "names": {"browser": _browser_names(translate), "server": _server_names(translate)},
        "tips": {"browser": _browser_tips(translate), "server": _server_tips(translate)},
        "findings": browser_findings(translate),
    }


def _browser_names(translate: Translate) -> dict[str, str]:
    _ = translate
    return {
        "secure": _("Secure page"),
        "microphone": _("Microphone"),
        "output": _("Loudspeaker"),
        "http": _("Requests (HTTP)"),
        "socket": _("WebSocket"),
        "stream": _("Live updates (event stream)"),
        "stun": _("Own address (STUN)"),
        "turn": _("Relay (TURN)"),
        "trial": _("Trial call through the server"),
    }


def _browser_tips(translate: Translate) -> dict[str, str]:
    _ = translate
    return {
        "secure": _("Browsers give the microphone to pages with https:// (or on localhost) only."),
        "microphone": _("Listens for three seconds: speak. Nothing leaves this browser."),
        "output": _("Plays a short, quiet tone."),
        "http": _("Five small requests, one after the other; the time of the middle one counts."),
        "socket": _("The connection over which pages are drawn; some proxies do not let it through."),
        "stream": _("Live calls are shown from a stream of events; some proxies collect it instead of passing it on."),
        "stun": _("A STUN server tells under which address this browser is seen, so that a direct path can be found."),
        "turn": _("A relay carries the sound where no direct path exists. Each of its addresses is tried by itself."),
        "trial": _(
            "Two real connections to the server: one sends a tone, or your voice, the other hears it. It counts as no"
            " call, and takes about ten seconds."
        ),
    }


def _server_names(translate: Translate) -> dict[str, str]:
    _ = translate
    return {
        "media": _("Audio server"),
        "stun": _("Own address (STUN)"),
        "turn": _("Relay (TURN)"),
        "loopback": _("Loopback call"),
        "speech": _("Speech recognition"),
        "model": _("Language model"),
        "persona": _("AI personas' server"),
        "retrieval": _("Handbook search"),
        "database": _("Database"),
        "disk": _("Disk"),
        "clock": _("Clock"),
    }


def _server_tips(translate: Translate) -> dict[str, str]:
    _ = translate
    return {
        "media": _("The process that carries the sound: whether it runs, and how late it wakes for its packets."),
        "stun": _("Which address a STUN server sees this server at."),
        "turn": _("Has the relay give an address, and gives it back. The server uses the first relay of the list."),
        "loopback": _("Two recorded voices talk through the server for six seconds. It counts as no call."),
        "speech": _("A recorded English sentence is recognised at the pace at which it is spoken."),
        "model": _("One request of a few words."),
        "persona": _("Opens a session and closes it again, without a word: that costs nothing."),
        "retrieval": _("One question to the handbook, or to the server that is asked in its place."),
        "database": _("One short question, behind the records that wait to be kept."),
        "disk": _("Free space where records and samples are kept, and how long a small file takes to write."),
        "clock": _("Compares the time of day with a clock that never jumps, for two seconds."),
    }
