"""The words of the pages that a value chooses: states, roles, reasons, parts, notes. English sentences are keys."""

from collections.abc import Mapping

from core.language.catalogue import Translate, message
from core.model.access import UserRole
from core.model.call import Call, CallOrigin, CallState, EndReason, LegState, Role
from core.model.health import PartState
from core.settings.loading import Source
from core.ui.alert_words import notice_words, text_alert_words
from core.ui.insight_words import insight_words
from core.ui.path_words import path_words
from core.ui.quality_words import quality_words

CALL_STATES: Mapping[CallState, str] = {
    CallState.WAITING: message("Waiting"),
    CallState.LIVE: message("Live"),
    CallState.ENDED: message("Ended"),
}

ROLES: Mapping[Role, str] = {
    Role.CUSTOMER: message("Customer"),
    Role.AGENT: message("Agent"),
    Role.SUPERVISOR: message("Supervisor"),
    Role.PERSONA: message("AI persona"),
}

USER_ROLES: Mapping[UserRole, str] = {
    UserRole.CUSTOMER: message("Customer"),
    UserRole.AGENT: message("Agent"),
    UserRole.SUPERVISOR: message("Supervisor"),
    UserRole.ANALYST: message("Analyst"),
    UserRole.ADMIN: message("Administrator"),
}

LEG_STATES: Mapping[LegState, str] = {
    LegState.OPEN: message("connecting"),
    LegState.CONNECTING: message("connecting"),
    LegState.CONNECTED: message("connected"),
    LegState.LOST: message("connection lost"),
    LegState.CLOSED: message("left"),
}

END_REASONS: Mapping[EndReason, str] = {
    EndReason.HUNG_UP: message("It was ended with End call."),
    EndReason.ABANDONED: message("Everybody had left."),
    EndReason.FINISHED: message("The demo came to its end."),
    EndReason.CLOSED_HOURS: message("The persona's opening hours ended, and it said goodbye."),
    EndReason.SHUTDOWN: message("The server was stopped."),
    EndReason.INTERRUPTED: message("The server stopped unexpectedly; what was recorded until then is kept."),
}

ORIGIN_LABELS: Mapping[CallOrigin, str] = {
    CallOrigin.DEMO: message("Voice demo"),
    CallOrigin.DEMO_DIRECT: message("Voice demo, no network"),
    CallOrigin.SCRIPT: message("Script demo, text only"),
    CallOrigin.SYNTHETIC: message("Demo data"),
}

ORIGIN_NAMES: Mapping[CallOrigin, str] = {CallOrigin.BROWSER: message("Between people"), **ORIGIN_LABELS}

ORIGIN_NOTES: Mapping[CallOrigin, str] = {
    CallOrigin.DEMO: message("Two recorded voices talk over real media connections: the RTP figures are real."),
    CallOrigin.DEMO_DIRECT: message(
        "This machine has no network address but its own, so the recorded voices are fed straight to the audio "
        "server: the RTP figures are not from a network."
    ),
    CallOrigin.SYNTHETIC: message("Demo data: this call never was. Its words and its RTP figures are made up."),
    CallOrigin.SCRIPT: message("A written conversation: there is no sound to hear and there are no RTP figures."),
}

PARTS: Mapping[str, str] = {
    "media": message("Audio"),
    "speech": message("Speech to text"),
    "assist": message("Summary"),
    "guidance": message("Handbook"),
    "alerts": message("Alerts"),
    "personas": message("AI personas"),
    "rehearsal": message("Rehearsal"),
    "store": message("Records"),
}

QUEUES: Mapping[str, str] = {
    "finals": message("Sentences"),
    "speech_seconds": message("Seconds of speech"),
    "pcm_chunks": message("Sound for speech to text"),
    "speech_late_packets": message("Packets too late for speech to text"),
    "records": message("Records"),
    "samples": message("RTP figures"),
    "browser_future": message("A browser's figures from the future"),
    "browser_old": message("A browser's figures that came too late"),
    "browser_before_leg": message("A browser's figures from before its connection"),
    "browser_too_many": message("A browser's figures beyond one a second"),
    "browser_leg_over": message("A browser's figures after its connection had ended"),
    "outgoing_packets": message("Packets to send"),
    "packets_refused": message("Forged or repeated packets"),
    "packets_too_late": message("Packets too late to send on"),
    "mixer_frames": message("Sound for listeners"),
    "mixer_late_packets": message("Packets too late for listeners"),
    "voice_ms": message("Milliseconds of a persona's voice"),
    "pacer_slots": message("Moments to send at"),
}
"""What a bounded queue holds; one that is not here is shown by its own name."""

PART_STATES: Mapping[PartState, str] = {
    PartState.STARTING: message("starting"),
    PartState.UP: message("up"),
    PartState.DEGRADED: message("degraded"),
    PartState.DOWN: message("down"),
}

NOTES: Mapping[str, str] = {
    "participant_joined": message("{subject} joined."),
    "participant_connected": message("{subject} is connected."),
    "participant_left": message("{subject} left."),
    "participant_lost": message("The connection of {subject} was lost."),
    "audio_missing": message("Nothing was heard of {subject} for {seconds} s."),
    "speech_lost": message("{seconds} s of the voice of {subject} could not be turned into text."),
    "speech_behind": message("The text of {subject} came late for {seconds} s."),
    "speech_starved": message("Speech to text got no sound of {subject} for {seconds} s."),
    "speech_handover": message("Speech to text of {subject} went on in a new stream."),
    "model_failing": message("The language model did not answer for {seconds} s."),
    "guidance_failing": message("The handbook gave no answers for {seconds} s."),
    "supervision_monitor": message("{subject} is listening; nobody hears it."),
    "supervision_coach": message("{subject} coaches the agent; the customer does not hear it."),
    "supervision_barge_in": message("{subject} speaks in the call."),
    "supervision_take_over": message("{subject} has taken over; nobody hears the agent."),
    "supervision_left": message("{subject} left."),
    "supervision_lost": message("The connection of {subject} was lost."),
    "impaired_loss": message("On purpose, packets get lost on the side of {subject}."),
    "impaired_jitter": message("On purpose, packets come unevenly late from the side of {subject}."),
    "impaired_drift": message("On purpose, the clock is fast on the side of {subject}."),
    "impaired_microphone": message("On purpose, the microphone is dead on the side of {subject}."),
    "impaired_blocked": message("On purpose, no sound gets out on the side of {subject}."),
    "impairment_over": message("The side of {subject} is clean again."),
    "media_restarted": message("The audio server was restarted; connections are being made again."),
    "persona_reconnecting": message("{subject} was away for {seconds} s; its connection was made again."),
    "persona_ended": message("{subject} has stopped for good. A supervisor can take over."),
    "persona_ended_quota": message(
        "{subject} has stopped: the provider's quota is used up. A supervisor can take over."
    ),
    "persona_ended_key": message("{subject} has stopped: the provider refuses the key. A supervisor can take over."),
    "persona_ended_account": message(
        "{subject} has stopped: the provider has closed the account. A supervisor can take over."
    ),
    "persona_ended_model": message(
        "{subject} has stopped: the provider has no such model. A supervisor can take over."
    ),
    "persona_ended_lost": message(
        "{subject} has stopped: its connection to the provider did not come back. A supervisor can take over."
    ),
    "persona_closed": message("The opening hours of {subject} ended."),
    "persona_held": message("{subject} is silent while a supervisor speaks."),
    "persona_released": message("{subject} listens again."),
    "server_stopping": message("The server is about to be stopped. Please finish this call soon."),
}
"""What a `Note.code` reads as; a code that is not here is shown as it is."""

QUIET_NOTES = ("speech_handover",)
"""What is routine, and is not told in a call's history: the quality page has it."""

METRIC_TIPS: Mapping[str, str] = {
    "mos": message(
        "Mean opinion score: what listeners would say of the sound, 1 to 4.4, estimated from delay, jitter and loss. "
        "The worse of both directions is shown."
    ),
    "rtt_ms": message(
        "Round-trip time to the participant and back. From 250 ms on people begin to interrupt each other."
    ),
    "jitter_ms": message(
        "Jitter: how unevenly packets arrive. Below 30 ms nobody hears it; above, voices become choppy or late."
    ),
    "loss_pct": message("Loss: packets that never arrived. From 1 % on, words get holes."),
    "packets_per_s": message(
        "Packet rate: sound packets a second. 50 is normal; far less means that sound is missing."
    ),
    "drift": message(
        "Jitter-buffer drift: by how many ms a minute the waiting of sound in the browser grows, fitted to the last "
        "five minutes so that outliers do not count, with the interval in which it lies at 95 %. Around 0 is well. "
        "Above 10 for minutes, while jitter and loss are low, the sender's time stamps drift."
    ),
    "send_deviation_p99_ms": message(
        "Send deviation: how far packets leave the server from their right moment (the worst of a hundred), however "
        "unevenly they came to it. Large values mean that the server is overloaded."
    ),
}

SPOKEN_LANGUAGES: Mapping[str, str] = {"ko": message("Korean"), "en": message("English")}

LANGUAGE_BADGES: Mapping[str, str] = {"ko": "한국어", "en": "English"}
"""Languages that something is written in, each by its own name."""

SETTING_SOURCES: Mapping[Source, str] = {
    Source.ENVIRONMENT: message("environment"),
    Source.FILE: message("settings file"),
    Source.DEFAULT: message("default"),
}

INTERFACE_LANGUAGES: Mapping[str, str] = {"ko": "한국어", "en": "English"}
"""Languages of the interface, each by its own name."""


def call_seconds(call: Call, now: float) -> float:
    """How long a call has lasted at `now` (seconds since the Unix epoch): from when it went live, or else was made."""
    return (call.ended_at or now) - (call.live_at or call.created_at)


def spoken_language(call: Call, translate: Translate) -> str:
    """The name of the language that a call is held in; a language without a name is given by its tag."""
    name = SPOKEN_LANGUAGES.get(call.language)
    return translate(name) if name else call.language


def live_view_words(translate: Translate) -> dict[str, object]:
    """Every word that the live view's script shows, in the reader's language."""
    _ = translate
    plain = {
        "loading": _("Loading the call…"),
        "reconnecting": _("The connection to the server is interrupted. Reconnecting…"),
        "gone": _("The server ended this view: {message}"),
        "reload": _("Reload"),
        "transcript": _("Transcript"),
        "transcript_empty": _("Nothing has been said yet. Words appear here a moment after they are spoken."),
        "transcript_empty_ended": _("Nothing was said in this call."),
        "jump": _("Jump to latest"),
        "uncertain": _("The speech engine itself doubts this text."),
        "correct": _("Correct this text"),
        "typed": _("written"),
        "typed_tip": _("This was written to the persona instead of said."),
        "cut": _("interrupted"),
        "cut_tip": _("The persona was interrupted here. What is written is about what was heard of it."),
        "corrected": _("corrected"),
        "corrected_tip": _("Corrected by {name}. It was understood as: “{original}”"),
        "save": _("Save"),
        "saving": _("Saving…"),
        "cancel": _("Cancel"),
        "copy_moment": _("Copy a link to this moment"),
        "turn_final": _("Final text {seconds} s after the end of speech"),
        "turn_first": _("First words {seconds} s after the beginning of speech"),
        "turn_engine": _("by {engine}"),
        "turn_trace": _("trace {id}"),
        "turn_raw": _("Recognised as: “{raw}”"),
        "moment_copied": _("The link was copied."),
        "copy_refused": _("Copy this link:"),
        "confidence": _("Confidence {percent} %"),
        "summary": _("Summary"),
        "summary_empty": _("The summary appears after the first sentences."),
        "summary_empty_ended": _("No summary was made of this call."),
        "customer_issue": _("Customer's issue"),
        "agent_action": _("Agent's action"),
        "nothing_yet": _("nothing yet"),
        "extractive": _("extractive"),
        "extractive_tip": _(
            "Made without a language model: the most telling sentences of the conversation are picked and shortened."
        ),
        "engine_tip": _("Written by a language model."),
        "seconds_ago": _("{n} s ago"),
        "minutes_ago": _("{n} min ago"),
        "at": _("at {time}"),
        "age_tip": _("Made from {turns} turns, in {took} s."),
        "history": _("How it changed"),
        "handbook": _("Handbook"),
        "handbook_empty": _("Passages appear once there is a summary to look up."),
        "handbook_none": _("The handbook has nothing on this."),
        "handbook_older": _("These passages are older:"),
        "score_tip": _("How well the passage fits, compared with the others of this list: higher is better."),
        "asked": _("Looked up: {query}"),
        "catch_up": _("What has happened so far"),
        "catch_up_at": _("So far, at {time}"),
        "last_said": _("Said at {time}"),
        "dismiss": _("Put away"),
        "ask": _("Ask about this call"),
        "ask_placeholder": _("Ask about this call, such as: what was promised?"),
        "ask_button": _("Ask"),
        "asking": _("Looking through what was said…"),
        "ask_failed": _("The question could not be answered. Check the connection, or reload the page."),
        "ask_busy": _("Other questions are being answered just now. Ask again in a moment."),
        "answered_by": _("Answered by {model} in {seconds} s, from what was said. Check it before you rely on it."),
        "answered_instead": _("The language model did not answer; these are the sentences that fit best."),
        "answered_without": _("Found without a language model: the sentences that fit the question best."),
        "found": _("This was said:"),
        "not_found": _("Nothing that was said so far fits the question."),
        "network": _("Network"),
        "network_empty": _("Figures appear once somebody is connected."),
        "network_text_only": _("A text-only call has no network figures."),
        "network_direct": _("not from a network"),
        "network_unavailable": _("The charts could not be loaded. Reload the page; the figures above go on."),
        "chart_label": _("Charts over time: speech, jitter, packet loss, packet rate and send deviation"),
        "latest": _("now"),
        "average": _("average"),
        "follow": _("Follow live"),
        "lines_tip": _(
            "Solid line: from the participant to the server. Dotted line: from the server to the participant. "
            "Send deviation: solid is the worst of a hundred packets, dotted the middle one."
        ),
        "lines": _("solid: to the server, dotted: from the server"),
        "jitter": _("Jitter"),
        "loss": _("Loss"),
        "rate": _("Rate"),
        "send": _("Send dev."),
        "drift": _("Drift"),
        "drift_line": _(
            "{name}: {slope} ms/min (between {low} and {high}, over {span} s). Sound waits {delay} ms just now. "
            "The browser's own counter jitterBufferDelay stands at {total} s: it sums the waiting of every sample of "
            "sound, so it rises in a line even when all is well; only how steeply says anything, and that is the "
            "waiting."
        ),
        "duration_tip": _("Since the call went live. The times below count from when it was opened."),
        "state_waiting": _("Waiting for people to connect"),
        "state_live": _("Live"),
        "state_ended": _("Ended"),
        "ended_banner": _("This call has ended after {duration}."),
        "people": _("Participants"),
        "nobody": _("Nobody has joined yet"),
        "muted": _("muted"),
        "dropped": _("{queue}: {count} dropped"),
        "dropped_tip": _("The server could not keep up and left this much out."),
        "part": _("{part} is {state}."),
    }
    return {
        **plain,
        "languages": LANGUAGE_BADGES,
        "roles": {role.value: _(text) for role, text in ROLES.items()},
        "leg_states": {state.value: _(text) for state, text in LEG_STATES.items()},
        "end_reasons": {reason.value: _(text) for reason, text in END_REASONS.items()},
        "parts": {name: _(text) for name, text in PARTS.items()},
        "queues": {name: _(text) for name, text in QUEUES.items()},
        "part_states": {state.value: _(text) for state, text in PART_STATES.items()},
        "notes": {code: _(text) for code, text in NOTES.items()},
        "quiet_notes": dict.fromkeys(QUIET_NOTES, True),
        "origins": {origin.value: _(text) for origin, text in ORIGIN_LABELS.items()},
        "origin_notes": {origin.value: _(text) for origin, text in ORIGIN_NOTES.items()},
        "quality": quality_words(_),
        "insight": insight_words(_),
        "text_alerts": text_alert_words(_),
        "notices": notice_words(_),
        "path": path_words(_),
        "metric_tips": {field: _(text) for field, text in METRIC_TIPS.items()},
    }
