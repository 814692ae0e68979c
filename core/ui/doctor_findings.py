"""What the browser's own checks can find, and the cure of each, by the codes of assets/doctor_checks.js and
doctor_trial.js. Figures stand in braces."""

from core.language.catalogue import Translate

Finding = dict[str, str]


def browser_findings(translate: Translate) -> dict[str, Finding]:
    """Sentence and cure by code."""
    return {
        **_page_findings(translate),
        **_microphone_findings(translate),
        **_network_findings(translate),
        **_trial_findings(translate),
    }


def _said(found: str, cure: str = "") -> Finding:
    return {"found": found, "cure": cure}


def _page_findings(translate: Translate) -> dict[str, Finding]:
    _ = translate
    loudness = _("Click on the page, check the system's volume and output device, and run this check again.")
    return {
        "late": _said(
            _("It gave no result within {seconds} s."),
            _("Check the network, and whether the browser is waiting for an answer of yours; then run it again."),
        ),
        "broken": _said(
            _("The check broke off: {reason}"), _("Reload the page, and use a current Chrome, Edge, Firefox or Safari.")
        ),
        "secure": _said(_("{address} counts as secure: the microphone can be used.")),
        "insecure": _said(
            _("{address} does not count as secure, so the browser gives no microphone."),
            _("Open the page with https://, or on the server itself as http://localhost."),
        ),
        "http": _said(_("The server answers in {ms} ms, at worst {worst} ms.")),
        "http_slow": _said(
            _("The server answers in {ms} ms, at worst {worst} ms: pages feel slow."),
            _("Try another network (a cable, not Wi-Fi), and see whether the server's own checks are good."),
        ),
        "socket": _said(_("It opens in {ms} ms.")),
        "socket_refused": _said(
            _("The connection was refused."),
            _("Let the proxy in between pass WebSockets on (Upgrade); docs/deploy.md has a recipe for nginx."),
        ),
        "stream": _said(_("{count} events came one by one, the first after {ms} ms.")),
        "stream_held": _said(
            _("Events come all at once: something in between holds them back."),
            _("Switch buffering off in the proxy (nginx: proxy_buffering off), and use no tunnel."),
        ),
        "stream_refused": _said(
            _("The server refused the stream ({status})."), _("Reload the page, and sign in again.")
        ),
        "output": _said(_("A short tone was played on {device}. If you did not hear it, check the volume.")),
        "output_unnamed": _said(_("A short tone was played. If you did not hear it, check the volume.")),
        "output_held": _said(_("The browser holds the sound back, or has no output device."), loudness),
    }


def _microphone_findings(translate: Translate) -> dict[str, Finding]:
    _ = translate
    settings = _("Echo cancellation {echo}, noise suppression {noise}, gain control {gain}, {rate} Hz.")
    return {
        "microphone_running": _said(_("Speak for three seconds. If the browser asks, choose Allow.")),
        "microphone": _said(_("{device}: loudest {level} dBFS.") + " " + settings),
        "microphone_insecure": _said(
            _("Browsers give the microphone to secure pages only."),
            _("Open the page with https://, or on the server itself as http://localhost."),
        ),
        "microphone_unknown": _said(
            _("This browser gives pages no microphone."), _("Use a current Chrome, Edge, Firefox or Safari.")
        ),
        "microphone_NotAllowedError": _said(
            _("The browser does not allow this page to use the microphone."),
            _("Click the icon beside the address, allow the microphone, and run this check again."),
        ),
        "microphone_NotFoundError": _said(_("No microphone was found."), _("Connect one, and run this check again.")),
        "microphone_NotReadableError": _said(
            _("The microphone cannot be opened; another program may be using it."),
            _("Close that program, and run this check again."),
        ),
        "other": _said(
            _("The microphone cannot be opened ({name})."), _("Choose another microphone in the browser's settings.")
        ),
        "microphone_gone": _said(_("{device} was taken away during the check."), _("Connect it again.")),
        "microphone_dead": _said(
            _("{device} gives nothing but silence ({level} dBFS)."),
            _("Switch its mute key off, raise its input level in the system's settings, or choose another microphone."),
        ),
        "microphone_quiet": _said(
            _("{device} works, but nobody was heard: loudest {level} dBFS.") + " " + settings,
            _("Run this check again and speak. If you did, raise the input level or come closer."),
        ),
        "microphone_clipped": _said(
            _("{device} is too loud: {share} % of the time at its limit.") + " " + settings,
            _("Lower the input level in the system's settings, or move away from it."),
        ),
        "microphone_suppressed": _said(
            _("{device}: noise suppression is on although it was not asked for; it makes voices robotic.")
            + " "
            + settings,
            _("Switch voice effects off in the system's sound settings and in the headset's program."),
        ),
        "microphone_echo": _said(
            _("{device}: the browser does no echo cancellation.") + " " + settings,
            _("Wear headphones, or others will hear themselves."),
        ),
    }


def _network_findings(translate: Translate) -> dict[str, Finding]:
    _ = translate
    relay = _("Try another network. If it is the same there, have the relay and the firewall before it checked.")
    return {
        "stun_none": _said(_("No STUN server is set up. Within one network none is needed.")),
        "stun": _said(_("It sees this browser at {address} (after {ms} ms).")),
        "stun_own": _said(
            _("It answered within {ms} ms and sees this browser at its own address: nothing translates it.")
        ),
        "stun_silent": _said(
            _("It does not answer this browser ({code})."),
            _("UDP may be blocked here: try another network, or have a relay (TURN) over TCP or TLS set up."),
        ),
        "turn_none": _said(
            _("No relay is set up. Where direct paths are blocked, as on many mobile networks, calls have no sound."),
            _("An administrator names one in EARSHOT_TURN_SERVERS; docs/deploy.md says how."),
        ),
        "turn": _said(_("Over {way} it gives the address {address} (after {ms} ms).")),
        "turn_refused": _said(
            _("Over {way} it refuses the credentials ({code})."),
            _("Have EARSHOT_TURN_SECRET (or user name and password), and the clocks of both machines, checked."),
        ),
        "turn_error": _said(
            _("Over {way} it answers with the error {code}."), _("Have the relay's log looked at: it may be full.")
        ),
        "turn_unreachable": _said(_("Over {way} it does not answer this browser ({code})."), relay),
        "turn_unreachable_tls": _said(
            _("Over {way} it does not answer this browser ({code}), or its certificate is not trusted."), relay
        ),
        "udp_blocked": _said(
            _("UDP does not get through here, but the relay over TCP or TLS does: calls work, with more delay."),
            _("Where you can, use a network that lets UDP through, or have UDP to the relay allowed."),
        ),
    }


def _trial_findings(translate: Translate) -> dict[str, Finding]:
    _ = translate
    figures = _(
        "MOS {mos} ({band}): round trip {rtt} ms, jitter {jitter} ms, loss {loss} %, jitter buffer {buffer} ms, {path}."
    )
    return {
        "trial_running": _said(_("Calling the server; this takes about ten seconds.")),
        "trial": _said(figures),
        "trial_poor": _said(
            figures,
            _("Use a cable instead of Wi-Fi, close what else uses the network, and see the server's own checks."),
        ),
        "trial_mute": _said(
            _("Packets come back, but they are silent.") + " " + figures,
            _("Check the microphone, or run it without your own voice."),
        ),
        "trial_silent": _said(
            _("The call was connected, but no sound came back."),
            _("Run it again; if it stays, look into the server's log."),
        ),
        "trial_unmeasured": _said(_("The call works, but the browser measured no round trip."), _("Run it again.")),
        "trial_no_path": _said(
            _("No path for the sound was found between this browser and the server."),
            _("UDP is blocked, or the server's audio ports are closed: open them, or have a relay (TURN) set up."),
        ),
        "trial_refused": _said(_("The server did not take the call: {reason}"), _("Run it again in half a minute.")),
        "trial_no_microphone": _said(
            _("The microphone cannot be had for the trial call ({name})."),
            _("Run it without your own voice, or see to the microphone first."),
        ),
    }
