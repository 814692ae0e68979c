"""Every word of the leg's panel, in the reader's language. English sentences are keys."""

from core.language.catalogue import Translate


def leg_words(translate: Translate) -> dict[str, object]:
    """The words that assets/leg_panel.js shows; `start` and `stop` are the labels of streamlit-webrtc's button."""
    _ = translate
    return {
        "start": _("START"),
        "stop": _("STOP"),
        "give_up": _("Stop trying"),
        "mute": _("Mute"),
        "unmute": _("Unmute"),
        "level": _("Input level"),
        "microphone": _("Microphone"),
        "default_device": _("System default"),
        "settings": _("Microphone settings"),
        "settings_hint": _("Noise suppression makes voices robotic and speech harder to recognise: leave it off."),
        "requested": _("Requested"),
        "actual": _("Actual"),
        "on": _("on"),
        "off": _("off"),
        "mono": _("mono"),
        "phases": {
            "idle": _("Not connected"),
            "connecting": _("Connecting…"),
            "connected": _("Connected"),
            "interrupted": _("Connection interrupted. Waiting for it…"),
            "reconnecting": _("Connection lost. Try {number} of {limit}…"),
            "waiting": _("Connection lost. Waiting for the server…"),
            "stopped": _("Disconnected"),
            "ended": _("Disconnected by the server"),
            "failed": _("Connection failed"),
        },
        "constraints": {
            "echoCancellation": _("Echo cancellation"),
            "noiseSuppression": _("Noise suppression"),
            "autoGainControl": _("Automatic gain control"),
            "sampleRate": _("Sample rate"),
            "channelCount": _("Channels"),
            "latency": _("Latency"),
        },
        "problems": leg_problems(translate),
    }


def leg_problems(translate: Translate) -> dict[str, str]:
    """What keeps the leg from being made or heard, by the name of the browser's exception or of our own case."""
    _ = translate
    return {
        "NotAllowedError": _(
            "The browser does not allow this page to use the microphone. Click the icon beside the address, allow "
            "the microphone, and press START again."
        ),
        "NotFoundError": _("No microphone was found. Connect one, and press START again."),
        "NotReadableError": _(
            "The microphone cannot be opened; another program may be using it. Close that program, and press "
            "START again."
        ),
        "other": _(
            "The microphone cannot be opened ({name}). Choose another microphone, or reload the page and press "
            "START again."
        ),
        "asking": _("The browser is asking for the microphone: choose Allow."),
        "insecure": _(
            "Browsers give the microphone to secure pages only. Open this page with https://, or on the server "
            "itself as http://localhost."
        ),
        "relayRefused": _(
            "The relay that this call needs refused this browser. Reload the page and press START again; if that "
            "does not help, tell your administrator that its credentials are not accepted."
        ),
        "relayUnreachable": _(
            "This browser cannot reach the relay that this call needs. Try another network, or ask your "
            "administrator whether the relay is running."
        ),
        "lost": _("The connection could not be made. Check the network, and press START again."),
        "silent": _("The browser holds the sound back. Click anywhere on this page to hear it."),
    }
