"""Every error that Earshot raises on purpose, in one tree.

    EarshotError
    ├── SettingInvalid                  a setting is out of range, unknown or malformed
    ├── PortTaken                       the address to listen on is in use
    ├── AddressUnusable                 this machine or user cannot listen there
    ├── ServerStarting                  retryable
    ├── ServerStopping                  retryable, elsewhere or later
    ├── AccessError
    │   ├── NotSignedIn
    │   ├── SignInRefused
    │   ├── SignInEnded
    │   ├── RoleUnknown                 the sign-in provider gives the person no role here
    │   ├── AccessDenied                the role does not allow it
    │   ├── RequestForged               a request that changes something came from elsewhere
    │   ├── UserInvalid
    │   └── UsersFileInvalid
    ├── RequestError                    what the server's guards turn away
    │   ├── HostUnknown
    │   ├── AddressTooLong
    │   ├── HeadersTooLarge
    │   ├── RequestTooLarge
    │   ├── TooManyRequests             retryable
    │   └── AnswerFailed                retryable
    ├── CallError
    │   ├── QuestionInvalid
    │   ├── QuestionsBusy               retryable
    │   ├── WrapUpFiled                 it is filed once and for all
    │   ├── CallNotFound
    │   ├── CallEnded
    │   ├── CallWithoutPersona
    │   ├── CallsBusy                   retryable
    │   ├── CallLimitReached            retryable
    │   ├── TrialsBusy                  retryable
    │   ├── UtteranceNotFound
    │   ├── TextInvalid
    │   ├── CallRunning                 it has to end first
    │   ├── CallNotImpairable           only a demo over a network can be
    │   └── ParticipantNotFound
    ├── LinkError
    │   ├── LinkExpired
    │   └── LinkInvalid
    ├── MediaError
    │   ├── MediaProcessDown            retryable
    │   ├── MediaTimeout                retryable
    │   ├── MediaRequestFailed
    │   ├── LegNotFound
    │   ├── OfferRefused
    │   ├── MediaPortsUsedUp            retryable
    │   ├── RelayRefused
    │   ├── RelayUnreachable            retryable
    │   └── AudioFileUnreadable
    ├── SpeechError
    │   ├── EngineUnavailable
    │   ├── ModelFileMissing
    │   ├── ModelFileCorrupt
    │   ├── RecognitionFailed
    │   ├── SpeechServiceRefused        somebody has to change a setting
    │   ├── SpeechHintsRefused          speech is recognised without them
    │   ├── SpeechServiceFailed         retryable
    │   ├── SpeechServiceSilent         retryable
    │   ├── SpeechQuotaUsedUp           retryable
    │   ├── HintsInvalid
    │   ├── HintsUnreadable
    │   ├── HintsUnwritable
    │   ├── HintsChanged                somebody else changed the file meanwhile
    │   └── RecordingUnreadable
    ├── AssistError
    │   ├── ScenarioInvalid
    │   ├── ScenarioNotFound
    │   ├── ModelKeyRefused             the key is wrong, or may not do this
    │   ├── ModelUnknown
    │   ├── ModelRequestRefused         somebody has to change a setting
    │   ├── ModelServerForeign          what answers is no language model
    │   ├── ModelQuotaUsedUp            somebody has to pay
    │   ├── ModelRateLimited            retryable
    │   ├── ModelServerFailed           retryable
    │   ├── ModelTimeout                retryable
    │   ├── ModelUnreachable            retryable
    │   ├── ModelStreamDropped          retryable
    │   ├── ModelAnswerInvalid          retryable
    │   ├── ModelAnswerTooLong          another conversation may do
    │   ├── ModelAnswerFiltered         another conversation may do
    │   ├── ModelDeclined               another conversation may do
    │   ├── ModelNotConfigured
    │   ├── NothingSaid
    │   ├── PromptInvalid
    │   ├── PromptUnreadable
    │   ├── PromptUnwritable
    │   ├── PromptChanged               somebody else changed the file meanwhile
    │   ├── AlertRulesInvalid
    │   ├── AlertRulesUnreadable
    │   ├── AlertRulesUnwritable
    │   ├── AlertRulesChanged           somebody else changed the file meanwhile
    │   ├── AlertPatternInvalid
    │   └── AlertPatternSlow            its rule is switched off
    ├── PersonaError
    │   ├── PersonaFileInvalid
    │   ├── PersonaNotFound
    │   ├── PersonaClosed               outside its opening hours
    │   ├── PersonaTextInvalid
    │   ├── HoursOverrideInvalid
    │   ├── RehearsalDown               retryable
    │   ├── PersonaUnavailable          retryable; said to those who may not see why
    │   ├── PersonaKeyRefused           the key is wrong, or may not do this
    │   ├── PersonaAccountRefused       the account is deactivated
    │   ├── PersonaQuotaUsedUp          somebody has to pay
    │   ├── PersonaModelUnknown
    │   ├── PersonaRequestRefused       somebody has to change something
    │   ├── PersonaServerForeign        what answers does not speak the protocol
    │   ├── PersonaRateLimited          retryable
    │   ├── PersonaServerFailed         retryable
    │   ├── PersonaUnreachable          retryable
    │   ├── PersonaConnectionLost       retryable
    │   ├── PersonaSessionExpired       retryable; a new one takes over before
    │   ├── PersonaSessionSilent        retryable
    │   ├── PersonaGivenUp              after the last attempt to reconnect
    │   ├── PersonaToolFailed
    │   └── PersonaVoiceMissing         the rehearsal cannot speak with it
    ├── WebhookError
    │   ├── WebhookAddressRefused       a private address, which no setting allows
    │   ├── WebhookRefused              the receiver will refuse again
    │   └── WebhookFailed               retryable
    ├── GuidanceError
    │   ├── KnowledgeMissing
    │   ├── KnowledgeFileInvalid
    │   ├── GuidanceRequestInvalid
    │   ├── GuidanceUnavailable         retryable; said to those who may not see why
    │   ├── GuidanceServerUnreachable   retryable
    │   ├── GuidanceServerSilent        retryable
    │   ├── GuidanceServerFailed        retryable
    │   ├── GuidanceKeyRefused
    │   ├── GuidanceServerUnsuitable    what answers there is something else
    │   ├── GuidanceRequestRefused      the server's own words say why
    │   ├── GuidanceAnswerInvalid
    │   ├── GuidanceLoop                two servers ask each other
    │   ├── KnowledgePathRefused
    │   ├── KnowledgeFileNotFound
    │   ├── KnowledgeTextInvalid        nothing was saved
    │   ├── KnowledgeUnwritable
    │   └── KnowledgeChanged            somebody else changed the file meanwhile
    ├── ImportedFileError
    │   ├── ImportedFileBroken          it says where
    │   ├── ImportedFileUnknown         no kind of file that is read here
    │   ├── ImportedFileOld             figures of a kind that browsers no longer give
    │   ├── ImportedFileSilent          nothing about sound in it
    │   ├── ImportedFileTooLarge
    │   ├── ImportedFileUnreadable
    │   ├── ImportNotFound
    │   └── ImportsBusy                 retryable
    ├── MaskingRulesInvalid
    ├── BackupError
    │   ├── BackupInvalid
    │   ├── BackupUnsupported
    │   ├── BackupUnwritable
    │   └── RestoreRefused
    └── StoreError
        ├── DiskFull                    retryable
        ├── DataFolderInUse
        ├── DataFolderUnusable
        ├── SampleFileUnwritable
        ├── RollupUnwritable
        ├── FleetQuestionFailed
        ├── RecordRefused               it contradicts what is kept; trying again is of no use
        └── DatabaseUnavailable         retryable

An error's fields are its parameters; `template` is its English sentence (what failed, on what, and what to do), and at
the same time its key in the message catalogues.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

from core.model.message import Message


@dataclass(eq=False)
class EarshotError(Exception):
    """Root of the tree."""

    template: ClassVar[str] = "Something went wrong in Earshot."
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later without anybody changing anything."""

    @property
    def parameters(self) -> dict[str, object]:
        """The fields by name, as the template and its translations use them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __str__(self) -> str:
        return self.template.format(**self.parameters)


@dataclass(eq=False)
class SettingInvalid(EarshotError):
    """A setting cannot be used."""

    key: str
    reason: str
    template: ClassVar[str] = "The setting {key} cannot be used: {reason}. Correct it in the environment or in .env."


@dataclass(eq=False)
class PortTaken(EarshotError):
    """The address to listen on is in use."""

    address: str
    template: ClassVar[str] = "The address {address} is already in use. Stop the other program, or choose another port."


@dataclass(eq=False)
class AddressUnusable(EarshotError):
    """This machine or user cannot listen on the address."""

    address: str
    reason: str
    template: ClassVar[str] = "Earshot cannot listen on {address}: {reason}. Choose another address or port."


@dataclass(eq=False)
class ServerStarting(EarshotError):
    """The server is not open yet, or is being stopped."""

    template: ClassVar[str] = "Earshot is still starting, or is being stopped. Try again in a few seconds."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ServerStopping(EarshotError):
    """The server takes no new calls, because it is being stopped."""

    template: ClassVar[str] = "Earshot is being stopped and takes no new calls. Running calls may still finish."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class AccessError(EarshotError):
    """Somebody may not do what was asked."""


@dataclass(eq=False)
class NotSignedIn(AccessError):
    """Nobody is signed in."""

    template: ClassVar[str] = "Sign in first."


@dataclass(eq=False)
class SignInRefused(AccessError):
    """Name or password is wrong; which one is not told."""

    template: ClassVar[str] = "Name or password is wrong. Try again, or ask an administrator."


@dataclass(eq=False)
class SignInEnded(AccessError):
    """The sign-in has expired, was ended, or is not ours."""

    template: ClassVar[str] = "Your sign-in has ended. Sign in again."


@dataclass(eq=False)
class RoleUnknown(AccessError):
    """The sign-in provider gives the person no role here."""

    name: str
    template: ClassVar[str] = "{name} has no role in Earshot. Ask an administrator to give you one, then sign in again."


@dataclass(eq=False)
class AccessDenied(AccessError):
    """The person's role does not allow it."""

    template: ClassVar[str] = "Your role does not allow this. Ask an administrator."


@dataclass(eq=False)
class RequestForged(AccessError):
    """A request that would change something did not come from a page of this server."""

    template: ClassVar[str] = "This request did not come from a page of Earshot. Reload the page and try again."


@dataclass(eq=False)
class UserInvalid(AccessError):
    """A local user cannot be made or changed like this."""

    name: str
    reason: str
    template: ClassVar[str] = "The user {name} cannot be kept: {reason}."


@dataclass(eq=False)
class UsersFileInvalid(AccessError):
    """The file with the local users cannot be read."""

    path: str
    reason: str
    template: ClassVar[str] = "The users file {path} cannot be read: {reason}. Correct it, or make it anew."


@dataclass(eq=False)
class RequestError(EarshotError):
    """A request is turned away before anybody looks at what it asks."""


@dataclass(eq=False)
class HostUnknown(RequestError):
    """The request was meant for another server, or an attacker gave this one's address a name of their own."""

    host: str
    template: ClassVar[str] = (
        "This server does not answer under the name {host}. Open it under its own address, or add the name to"
        " EARSHOT_TRUSTED_HOSTS."
    )


@dataclass(eq=False)
class AddressTooLong(RequestError):
    """The URL is longer than any that Earshot hands out."""

    limit: int
    template: ClassVar[str] = "The address is longer than {limit} bytes. Copy the link again."


@dataclass(eq=False)
class HeadersTooLarge(RequestError):
    """The request's headers are too many or too long."""

    limit: int
    template: ClassVar[str] = (
        "The request's headers are longer than {limit} bytes. Delete this site's cookies and try again."
    )


@dataclass(eq=False)
class RequestTooLarge(RequestError):
    """The request's body is larger than the server reads."""

    limit_kb: int
    template: ClassVar[str] = (
        "The request is larger than {limit_kb} KiB. Send less, or have EARSHOT_REQUEST_LIMIT_KB raised."
    )


@dataclass(eq=False)
class TooManyRequests(RequestError):
    """The client has sent more requests than it may."""

    seconds: int
    template: ClassVar[str] = "Too many requests. Try again in {seconds} seconds."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class AnswerFailed(RequestError):
    """An error that nobody foresaw; its details are in the log only."""

    template: ClassVar[str] = "The server failed to answer; its log says why. Try again in a moment."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class CallError(EarshotError):
    """Something is wrong with a call."""


@dataclass(eq=False)
class QuestionInvalid(CallError):
    """A question about a call is empty or too long."""

    limit: int
    template: ClassVar[str] = "A question has from 1 to {limit} characters. Ask in fewer words."


@dataclass(eq=False)
class QuestionsBusy(CallError):
    """As many questions are being answered as may be at once."""

    template: ClassVar[str] = "Other questions are being answered just now. Ask again in a moment."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class WrapUpFiled(CallError):
    """A wrap-up is filed once and for all."""

    call_id: str
    by: str
    template: ClassVar[str] = "The wrap-up of the call {call_id} was filed by {by} already. Reload the page to read it."


@dataclass(eq=False)
class CallNotFound(CallError):
    """No call has this id."""

    call_id: str
    template: ClassVar[str] = "There is no call {call_id}. It may have been deleted; check the link."


@dataclass(eq=False)
class CallEnded(CallError):
    """The call is over, so nobody can join it any more."""

    call_id: str
    template: ClassVar[str] = "The call {call_id} has ended. Start a new call, or ask for a new link."


@dataclass(eq=False)
class CallWithoutPersona(CallError):
    """Something was asked of the persona in a call between people."""

    call_id: str
    template: ClassVar[str] = "No persona takes part in the call {call_id}. Choose one on the page of the AI personas."


@dataclass(eq=False)
class CallsBusy(CallError):
    """The calls loop did not answer in time."""

    seconds: float
    template: ClassVar[str] = "The server did not answer within {seconds:g} seconds. Try again in a moment."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class CallLimitReached(CallError):
    """As many calls run as may."""

    limit: int
    template: ClassVar[str] = (
        "{limit} calls are running, which is as many as this server may carry. Try again when one has ended, or have"
        " EARSHOT_CALL_LIMIT raised."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class TrialsBusy(CallError):
    """As many trial calls go on as may at the same time."""

    template: ClassVar[str] = "Other people are making their trial calls just now. Try again in half a minute."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class UtteranceNotFound(CallError):
    """The call has no such final utterance."""

    utterance_id: str
    template: ClassVar[str] = "The call has no finished utterance {utterance_id}. Reload the page."


@dataclass(eq=False)
class TextInvalid(CallError):
    """A corrected text cannot be kept."""

    reason: str
    template: ClassVar[str] = "The text cannot be kept: {reason}."


@dataclass(eq=False)
class CallRunning(CallError):
    """What was asked is only possible once the call has ended."""

    call_id: str
    template: ClassVar[str] = "The call {call_id} is still running. End it first."


@dataclass(eq=False)
class CallNotImpairable(CallError):
    """A call has no recorded voices that talk over a network."""

    call_id: str
    template: ClassVar[str] = (
        "The call {call_id} cannot be impaired: that is for running voice demos over a network. Start the voice demo."
    )


@dataclass(eq=False)
class ParticipantNotFound(CallError):
    """The call has no such participant."""

    participant_id: str
    template: ClassVar[str] = "The call has no participant {participant_id}. Join the call again."


@dataclass(eq=False)
class LinkError(EarshotError):
    """A link cannot be used."""


@dataclass(eq=False)
class LinkExpired(LinkError):
    """The link's time is over."""

    template: ClassVar[str] = "This link has expired. Ask the person who sent it for a new one."


@dataclass(eq=False)
class LinkInvalid(LinkError):
    """The link was not made by this server, or was changed on the way."""

    template: ClassVar[str] = "This link is not valid. Copy it again in full, or ask for a new one."


@dataclass(eq=False)
class MediaError(EarshotError):
    """Something is wrong with the audio."""


@dataclass(eq=False)
class MediaProcessDown(MediaError):
    """The media process is not running; the backend starts it again."""

    template: ClassVar[str] = "The audio server is not running. It is being started again; try in a few seconds."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class MediaTimeout(MediaError):
    """The media process did not answer in time."""

    request: str
    template: ClassVar[str] = "The audio server did not answer ({request}). Try again in a few seconds."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class MediaRequestFailed(MediaError):
    """The media process failed on a request in a way that nobody foresaw."""

    request: str
    template: ClassVar[str] = (
        "The audio server could not do what was asked ({request}); its log says why. Reload the page and try again."
    )


@dataclass(eq=False)
class LegNotFound(MediaError):
    """The bridge has no such leg: it was closed, or the media process was restarted."""

    leg_id: str
    template: ClassVar[str] = "The audio connection {leg_id} no longer exists. Press START to connect again."


@dataclass(eq=False)
class OfferRefused(MediaError):
    """A browser's offer cannot be answered."""

    leg_id: str
    reason: str
    template: ClassVar[str] = (
        "The audio connection {leg_id} was refused: {reason}. Reload the page and press START again."
    )


@dataclass(eq=False)
class MediaPortsUsedUp(MediaError):
    """Every UDP port that audio may use is taken."""

    ports: str
    template: ClassVar[str] = (
        "All UDP ports for audio ({ports}) are in use. Try again when a call has ended, or have EARSHOT_MEDIA_PORTS"
        " widened."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class RelayRefused(MediaError):
    """The TURN server does not take the server's credentials, and only a relay may be used."""

    server: str
    template: ClassVar[str] = (
        "The relay {server} refused the credentials. Have EARSHOT_TURN_USERNAME and EARSHOT_TURN_PASSWORD, or"
        " EARSHOT_TURN_SECRET and the clocks of both machines, checked; then press START again."
    )


@dataclass(eq=False)
class RelayUnreachable(MediaError):
    """The TURN server gave the server's side no address, and only a relay may be used."""

    server: str
    template: ClassVar[str] = (
        "The relay {server} gives no path for the audio: it does not answer, or cannot be trusted. Have"
        " EARSHOT_TURN_SERVERS and the relay itself checked."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class AudioFileUnreadable(MediaError):
    """A sound file cannot be played."""

    path: str
    reason: str
    template: ClassVar[str] = "The sound file {path} cannot be played: {reason}. Check that it is there and whole."


@dataclass(eq=False)
class SpeechError(EarshotError):
    """Something is wrong with speech recognition."""


@dataclass(eq=False)
class EngineUnavailable(SpeechError):
    """The chosen speech engine cannot be used here."""

    engine: str
    reason: str
    template: ClassVar[str] = "The speech engine {engine} cannot be used: {reason}. Change EARSHOT_ENGINE."


@dataclass(eq=False)
class ModelFileMissing(SpeechError):
    """A speech model's file is not there."""

    path: str
    template: ClassVar[str] = (
        "The speech model {path} is missing. Run `make setup`, or point EARSHOT_WHISPER_MODEL at a model."
    )


@dataclass(eq=False)
class ModelFileCorrupt(SpeechError):
    """A speech model's file is not what it should be."""

    path: str
    template: ClassVar[str] = (
        "The speech model {path} is damaged. Delete it and run `make setup` to have it made again."
    )


@dataclass(eq=False)
class RecognitionFailed(SpeechError):
    """The engine gave an error on one utterance."""

    engine: str
    reason: str
    template: ClassVar[str] = (
        "The speech engine {engine} could not read an utterance ({reason}). The next one is tried again; if this"
        " stays, restart Earshot."
    )


@dataclass(eq=False)
class SpeechServiceRefused(SpeechError):
    """A speech service over the network refuses, and will refuse again."""

    service: str
    reason: str
    """Status, as the service names it."""
    setting: str
    """What to look at."""
    template: ClassVar[str] = (
        "The speech service {service} refuses ({reason}), so nothing is written down. Check {setting}."
    )


@dataclass(eq=False)
class SpeechHintsRefused(SpeechError):
    """A speech service over the network refuses vocabulary hints, and recognises speech without them."""

    service: str
    language: str
    """Its code."""
    template: ClassVar[str] = (
        "The speech service {service} refuses the vocabulary hints for the language {language}; speech is recognised"
        " without them. The log has its reason; correct the hints (EARSHOT_SPEECH_HINTS), and they are tried again."
    )


@dataclass(eq=False)
class SpeechServiceFailed(SpeechError):
    """A speech service over the network fails."""

    service: str
    reason: str
    template: ClassVar[str] = (
        "The speech service {service} does not answer ({reason}). It is tried again by itself; the last 30 seconds of"
        " what is said meanwhile are kept and written down when it is back."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class SpeechServiceSilent(SpeechError):
    """A speech service takes no audio, or gives no word although there is sound."""

    service: str
    template: ClassVar[str] = (
        "The speech service {service} gives no answer although somebody may be speaking. Its connection is being made"
        " anew."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class SpeechQuotaUsedUp(SpeechError):
    """A speech service's quota is used up."""

    service: str
    template: ClassVar[str] = (
        "The quota at the speech service {service} is used up. It is tried again by itself, more and more seldom; ask"
        " for a larger quota, or have fewer calls at a time."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class HintsInvalid(SpeechError):
    """The file of vocabulary hints is wrong somewhere."""

    path: str
    line: int
    """The first one that cannot be used, from 1."""
    reason: Message
    template: ClassVar[str] = "The vocabulary hints {path} cannot be used. Line {line}: {reason}. Correct this line."


@dataclass(eq=False)
class HintsUnreadable(SpeechError):
    """The file of vocabulary hints cannot be read."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The vocabulary hints {path} cannot be read: {reason}. Check the file and EARSHOT_SPEECH_HINTS."
    )


@dataclass(eq=False)
class HintsUnwritable(SpeechError):
    """The file of vocabulary hints cannot be written."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The vocabulary hints {path} cannot be saved: {reason}. Check the rights of the folder, or have"
        " EARSHOT_SPEECH_HINTS changed."
    )


@dataclass(eq=False)
class HintsChanged(SpeechError):
    """The file of vocabulary hints is no longer the one that was edited."""

    path: str
    template: ClassVar[str] = (
        "The vocabulary hints {path} were changed by somebody else meanwhile, and nothing was saved. Copy your text,"
        " open the file as it is now, and make your changes in that."
    )


@dataclass(eq=False)
class RecordingUnreadable(SpeechError):
    """A sound file cannot be read."""

    path: str
    reason: str
    template: ClassVar[str] = "The recording {path} cannot be read: {reason}. Give it as a sound file, for example WAV."


@dataclass(eq=False)
class AssistError(EarshotError):
    """Something is wrong with the summary."""


@dataclass(eq=False)
class ScenarioInvalid(AssistError):
    """A scripted conversation cannot be read."""

    path: str
    reason: str
    template: ClassVar[str] = "The conversation {path} cannot be read: {reason}."


@dataclass(eq=False)
class ScenarioNotFound(AssistError):
    """No scripted conversation has this name, or its file is broken."""

    name: str
    template: ClassVar[str] = "There is no scripted demo {name}. It may have been removed, or its file may be broken."


@dataclass(eq=False)
class ModelKeyRefused(AssistError):
    """The language model's server does not take the key, or the key may not use the model (401, 403)."""

    server: str
    status: int
    template: ClassVar[str] = (
        "The language model at {server} refuses the key (status {status}). Check EARSHOT_OPENAI_API_KEY."
    )


@dataclass(eq=False)
class ModelUnknown(AssistError):
    """The server has no such model, or the address leads nowhere on it (404)."""

    server: str
    model: str
    template: ClassVar[str] = (
        "The server {server} knows no language model {model}. Check EARSHOT_OPENAI_MODEL and EARSHOT_OPENAI_BASE_URL."
    )


@dataclass(eq=False)
class ModelRequestRefused(AssistError):
    """The server refuses a request, and will refuse the next one, too (400, 422 and the like)."""

    server: str
    reason: str
    """Status and code, as the server names them; never its sentence, which may quote the conversation."""
    setting: str
    """What to look at."""
    template: ClassVar[str] = "The language model at {server} refuses the request ({reason}). Check {setting}."


@dataclass(eq=False)
class ModelServerForeign(AssistError):
    """What answers does not speak the protocol: a web page, for example."""

    server: str
    content_type: str
    template: ClassVar[str] = (
        "What answers at {server} is no language model: it sent {content_type} instead of a stream of events. Check"
        " EARSHOT_OPENAI_BASE_URL."
    )


@dataclass(eq=False)
class ModelQuotaUsedUp(AssistError):
    """The account's quota or credit is used up; waiting does not help (429, insufficient_quota)."""

    server: str
    template: ClassVar[str] = (
        "The quota at the language model's server {server} is used up. Check the account's plan and billing."
    )


@dataclass(eq=False)
class ModelRateLimited(AssistError):
    """Too many requests or tokens for now (429)."""

    server: str
    wait_s: float
    """How long the server wants to be left alone, in seconds; 0 where it does not say."""
    template: ClassVar[str] = (
        "The language model at {server} takes no more requests for now (for {wait_s:g} seconds, as far as it says). It"
        " is asked again by itself."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ModelServerFailed(AssistError):
    """The server fails (5xx, or an error in the middle of an answer)."""

    server: str
    reason: str
    """Status or code."""
    template: ClassVar[str] = "The language model at {server} fails ({reason}). It is asked again by itself."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ModelTimeout(AssistError):
    """No connection, no byte, or no end of the answer in time."""

    server: str
    seconds: float
    template: ClassVar[str] = (
        "The language model at {server} did not answer within {seconds:g} seconds. It is asked again by itself; if this"
        " stays, choose a faster model or raise EARSHOT_OPENAI_TIMEOUT_S."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ModelUnreachable(AssistError):
    """There is no connection to the server."""

    server: str
    reason: str
    template: ClassVar[str] = (
        "The language model at {server} cannot be reached ({reason}). It is asked again by itself; check the network"
        " and EARSHOT_OPENAI_BASE_URL."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ModelStreamDropped(AssistError):
    """The connection broke off in the middle of an answer."""

    server: str
    template: ClassVar[str] = (
        "The connection to the language model at {server} broke off in the middle of an answer. It is asked again by"
        " itself."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ModelAnswerInvalid(AssistError):
    """An answer is not of the form that was asked for."""

    reason: Message
    template: ClassVar[str] = (
        "The language model's answer cannot be used: {reason}. It is asked again by itself; if this stays, choose a"
        " model that keeps to a JSON schema."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class ModelAnswerTooLong(AssistError):
    """An answer reached the token limit before its end; another conversation may fit."""

    limit: int
    template: ClassVar[str] = (
        "The language model's answer was cut off at {limit} tokens. Raise EARSHOT_OPENAI_TOKEN_LIMIT, or lower"
        " EARSHOT_OPENAI_REASONING_EFFORT."
    )


@dataclass(eq=False)
class ModelAnswerFiltered(AssistError):
    """The provider's content filter stopped an answer or a request; another conversation may pass."""

    server: str
    template: ClassVar[str] = "The content filter at {server} stopped the answer. The next turn is tried again."


@dataclass(eq=False)
class ModelDeclined(AssistError):
    """The model refuses to answer, in words of its own; another conversation may pass."""

    server: str
    template: ClassVar[str] = (
        "The language model at {server} declined to answer. The next turn is tried again; if this stays, look at the"
        " prompt."
    )


@dataclass(eq=False)
class ModelNotConfigured(AssistError):
    """A language model was wanted, and none is set up."""

    template: ClassVar[str] = (
        "No language model is set up. Set EARSHOT_OPENAI_API_KEY or EARSHOT_OPENAI_BASE_URL, then restart Earshot."
    )


@dataclass(eq=False)
class NothingSaid(AssistError):
    """A call has no words that a model could be asked about."""

    call_id: str
    template: ClassVar[str] = "Nothing was said in the call {call_id}. Choose another one."


@dataclass(eq=False)
class PromptInvalid(AssistError):
    """A prompt's file is wrong somewhere."""

    path: str
    line: int
    """The first one that cannot be used, from 1."""
    reason: Message
    template: ClassVar[str] = "The prompt {path} cannot be used. Line {line}: {reason}. Correct this line."


@dataclass(eq=False)
class PromptUnreadable(AssistError):
    """A prompt's file cannot be read."""

    path: str
    reason: str
    template: ClassVar[str] = "The prompt {path} cannot be read: {reason}. Check the file and EARSHOT_PROMPT_DIR."


@dataclass(eq=False)
class PromptUnwritable(AssistError):
    """A prompt's file cannot be written."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The prompt {path} cannot be saved: {reason}. Check the rights of the folder, or have EARSHOT_PROMPT_DIR"
        " changed."
    )


@dataclass(eq=False)
class PromptChanged(AssistError):
    """A prompt's file is no longer the one that was edited."""

    path: str
    template: ClassVar[str] = (
        "The prompt {path} was changed by somebody else meanwhile, and nothing was saved. Copy your text, open the file"
        " as it is now, and make your changes in that."
    )


@dataclass(eq=False)
class AlertRulesInvalid(AssistError):
    """The file of alert rules is wrong somewhere."""

    path: str
    line: int
    """The first one that cannot be used, from 1."""
    reason: Message
    template: ClassVar[str] = "The alert rules {path} cannot be used. Line {line}: {reason}. Correct this line."


@dataclass(eq=False)
class AlertRulesUnreadable(AssistError):
    """The file of alert rules cannot be read."""

    path: str
    reason: str
    template: ClassVar[str] = "The alert rules {path} cannot be read: {reason}. Check the file and EARSHOT_ALERT_RULES."


@dataclass(eq=False)
class AlertRulesUnwritable(AssistError):
    """The file of alert rules cannot be written."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The alert rules {path} cannot be saved: {reason}. Check the rights of the folder, or have"
        " EARSHOT_ALERT_RULES changed."
    )


@dataclass(eq=False)
class AlertRulesChanged(AssistError):
    """The file of alert rules is no longer the one that was edited."""

    path: str
    template: ClassVar[str] = (
        "The alert rules {path} were changed by somebody else meanwhile, and nothing was saved. Copy your text, open"
        " the file as it is now, and make your changes in that."
    )


@dataclass(eq=False)
class AlertPatternInvalid(AssistError):
    """A regular expression is none."""

    reason: str
    template: ClassVar[str] = "The regular expression cannot be used: {reason}. Correct it."


@dataclass(eq=False)
class AlertPatternSlow(AssistError):
    """A rule's regular expression took too long on one utterance."""

    rule: str
    milliseconds: int
    template: ClassVar[str] = (
        "The alert rule {rule} was switched off: its regular expression took longer than {milliseconds} ms on one"
        " utterance. Simplify it and save the rules; they are then tried again."
    )


@dataclass(eq=False)
class PersonaError(EarshotError):
    """Something is wrong with a persona or its session."""


@dataclass(eq=False)
class PersonaFileInvalid(PersonaError):
    """A persona's file cannot be used."""

    path: str
    key: str
    """What in it is wrong: `opening_hours.mon`; `file` for the whole of it."""
    reason: Message
    template: ClassVar[str] = "The persona {path} cannot be used. {key}: {reason}. Correct this key."


@dataclass(eq=False)
class PersonaNotFound(PersonaError):
    """There is no such persona."""

    persona: str
    template: ClassVar[str] = "There is no persona {persona}. Choose another, or add its file to EARSHOT_PERSONA_DIR."


@dataclass(eq=False)
class PersonaClosed(PersonaError):
    """The persona may not be talked to now."""

    persona: str
    opens: Message
    """A sentence: when it opens next, or that it never does."""
    template: ClassVar[str] = "{persona} is outside opening hours now. {opens} A supervisor can open it for a while."


@dataclass(eq=False)
class PersonaTextInvalid(PersonaError):
    """What somebody wrote to a persona cannot be sent."""

    reason: Message
    template: ClassVar[str] = "The text cannot be sent to the persona: {reason}."


@dataclass(eq=False)
class HoursOverrideInvalid(PersonaError):
    """A persona cannot be opened or closed until then."""

    reason: Message
    template: ClassVar[str] = "The opening hours stay as they are: {reason}. State another time."


@dataclass(eq=False)
class RehearsalDown(PersonaError):
    """The rehearsal's process does not run, or not yet."""

    reason: Message
    template: ClassVar[str] = (
        "The rehearsal persona's server does not run ({reason}). It is started again; the log says more."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaUnavailable(PersonaError):
    """Something is wrong with a persona's session; what it is, is for those who look after the server."""

    template: ClassVar[str] = (
        "The persona cannot be reached just now. If it does not come back, tell whoever runs this server."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaKeyRefused(PersonaError):
    """The server does not take the key, or the key may not do this (401, 403, invalid_api_key)."""

    server: str
    template: ClassVar[str] = (
        "The persona's server {server} refuses the key. Check EARSHOT_REALTIME_API_KEY and EARSHOT_OPENAI_API_KEY."
    )


@dataclass(eq=False)
class PersonaAccountRefused(PersonaError):
    """The account is deactivated (account_deactivated)."""

    server: str
    template: ClassVar[str] = (
        "The account at the persona's server {server} is deactivated. Settle that with the provider, or use another"
        " account's key."
    )


@dataclass(eq=False)
class PersonaQuotaUsedUp(PersonaError):
    """The account's quota or credit is used up; waiting does not help (insufficient_quota)."""

    server: str
    template: ClassVar[str] = (
        "The quota at the persona's server {server} is used up. Check the account's plan and billing."
    )


@dataclass(eq=False)
class PersonaModelUnknown(PersonaError):
    """The server has no such model, or the account may not use it."""

    server: str
    model: str
    template: ClassVar[str] = (
        "The persona's server {server} has no model {model}. Check `model` in the persona's file, and"
        " EARSHOT_REALTIME_MODEL."
    )


@dataclass(eq=False)
class PersonaRequestRefused(PersonaError):
    """The server will refuse the same session again."""

    server: str
    reason: str
    """Status, code and parameter."""
    template: ClassVar[str] = (
        "The persona's server {server} refuses the session ({reason}). Check the persona's file and"
        " EARSHOT_REALTIME_BASE_URL."
    )


@dataclass(eq=False)
class PersonaServerForeign(PersonaError):
    """What answers does not speak the Realtime protocol."""

    server: str
    template: ClassVar[str] = (
        "What answers at {server} does not speak the Realtime protocol. Check EARSHOT_REALTIME_BASE_URL."
    )


@dataclass(eq=False)
class PersonaRateLimited(PersonaError):
    """Too many requests or tokens for now (429, rate_limit_exceeded)."""

    server: str
    template: ClassVar[str] = (
        "The persona's server {server} asks for a pause (rate limit). The persona answers again in a moment."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaServerFailed(PersonaError):
    """The server failed."""

    server: str
    reason: str
    template: ClassVar[str] = "The persona's server {server} failed ({reason}). The connection is made anew."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaUnreachable(PersonaError):
    """No connection to the server."""

    server: str
    reason: str
    template: ClassVar[str] = (
        "The persona's server {server} cannot be reached ({reason}). Check the network and EARSHOT_REALTIME_BASE_URL."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaConnectionLost(PersonaError):
    """The connection to the server broke."""

    server: str
    template: ClassVar[str] = "The connection to the persona's server {server} was lost. It is made anew."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaSessionExpired(PersonaError):
    """The session reached the longest time that the server allows one."""

    server: str
    template: ClassVar[str] = (
        "The session at the persona's server {server} has reached its limit. A new one takes over."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaSessionSilent(PersonaError):
    """A session hears nothing any more, or answers nothing, without any error."""

    server: str
    template: ClassVar[str] = (
        "The session at the persona's server {server} neither hears nor answers. A new one takes over."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class PersonaGivenUp(PersonaError):
    """Every attempt to reconnect failed."""

    server: str
    attempts: int
    template: ClassVar[str] = (
        "The persona's server {server} did not come back in {attempts} attempts. Check the network, then start anew."
    )


@dataclass(eq=False)
class PersonaToolFailed(PersonaError):
    """A tool that the persona called did not do its work; the persona was told so."""

    tool: str
    reason: Message
    template: ClassVar[str] = "The persona's tool {tool} failed: {reason}. The persona answers without it."


@dataclass(eq=False)
class PersonaVoiceMissing(PersonaError):
    """espeak-ng is not installed, or does not speak."""

    reason: str
    template: ClassVar[str] = (
        "The rehearsal persona cannot speak ({reason}); tones stand in for its words. Install espeak-ng."
    )


@dataclass(eq=False)
class WebhookError(EarshotError):
    """Something is wrong with the webhook for alerts."""


@dataclass(eq=False)
class WebhookAddressRefused(WebhookError):
    """The webhook's host is on a private network."""

    host: str
    template: ClassVar[str] = (
        "The webhook was not called: {host} is a private address or cannot be reached from outside. Have"
        " EARSHOT_WEBHOOK_URL changed, or EARSHOT_WEBHOOK_PRIVATE turned on if this is meant."
    )


@dataclass(eq=False)
class WebhookRefused(WebhookError):
    """The webhook's receiver answers in a way that will not change."""

    host: str
    status: int
    template: ClassVar[str] = (
        "The webhook {host} refused an alert (status {status}). Check EARSHOT_WEBHOOK_URL, EARSHOT_WEBHOOK_SECRET and"
        " the receiver."
    )


@dataclass(eq=False)
class WebhookFailed(WebhookError):
    """The webhook's receiver does not answer, or not now."""

    host: str
    reason: str
    template: ClassVar[str] = (
        "The webhook {host} cannot be reached ({reason}). Alerts are tried again several times; check the receiver."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class GuidanceError(EarshotError):
    """Something is wrong with the handbook."""


@dataclass(eq=False)
class KnowledgeMissing(GuidanceError):
    """The handbook's folder is not there or holds nothing."""

    path: str
    template: ClassVar[str] = "The handbook {path} holds no entries. Point EARSHOT_KNOWLEDGE_DIR at a folder that does."


@dataclass(eq=False)
class KnowledgeFileInvalid(GuidanceError):
    """A file of the handbook cannot be read."""

    path: str
    reason: Message | str
    template: ClassVar[str] = "The handbook file {path} was left out: {reason}. Correct the file."


@dataclass(eq=False)
class GuidanceRequestInvalid(GuidanceError):
    """A request breaks the retrieval contract."""

    field: str
    reason: str
    template: ClassVar[str] = "The handbook cannot be asked: {field} {reason}."


@dataclass(eq=False)
class GuidanceUnavailable(GuidanceError):
    """The handbook gave no answer; the reason names servers and is for those who may see the server's state."""

    template: ClassVar[str] = "The handbook gives no passages just now. A supervisor can see why."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class GuidanceServerUnreachable(GuidanceError):
    """No connection to a server of guidance, or it broke off."""

    address: str
    reason: str
    setting: str
    template: ClassVar[str] = "The server {address} cannot be reached: {reason}. Check that it runs, and {setting}."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class GuidanceServerSilent(GuidanceError):
    """A server of guidance did not answer in time."""

    address: str
    seconds: float
    template: ClassVar[str] = (
        "The server {address} did not answer within {seconds:g} seconds. It is asked again; check how busy it is."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class GuidanceServerFailed(GuidanceError):
    """A server of guidance is unwell, or asks to be left alone for a while."""

    address: str
    status: int
    template: ClassVar[str] = (
        "The server {address} failed with HTTP status {status}. It is asked again; its own log says why."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class GuidanceKeyRefused(GuidanceError):
    """A server of guidance does not take the key."""

    address: str
    status: int
    setting: str
    template: ClassVar[str] = "The server {address} refused the key (HTTP status {status}). Correct {setting}."


@dataclass(eq=False)
class GuidanceServerUnsuitable(GuidanceError):
    """What answers at the address is not what was meant; a redirection is not followed."""

    address: str
    status: int
    setting: str
    template: ClassVar[str] = (
        "At {address} is nothing that can be asked (HTTP status {status}; redirections are not followed)."
        " Correct {setting}."
    )


@dataclass(eq=False)
class GuidanceRequestRefused(GuidanceError):
    """A server of guidance finds the request wrong (422)."""

    address: str
    status: int
    words: str
    """The server's own; not to be logged, because they may repeat what it was asked."""
    template: ClassVar[str] = (
        "The server {address} refused the request (HTTP status {status}) and says: {words}. Both sides have to keep to"
        " one contract: summary, include_documents, max_documents."
    )


@dataclass(eq=False)
class GuidanceAnswerInvalid(GuidanceError):
    """The answer of a server of guidance does not have the agreed form."""

    address: str
    reason: Message
    template: ClassVar[str] = "The answer of {address} cannot be used: {reason}. Have the server's version checked."


@dataclass(eq=False)
class GuidanceLoop(GuidanceError):
    """A question that came from another server would be sent on to one more."""

    template: ClassVar[str] = (
        "This server asks another one for its handbook, and does not pass on what a server asks. Point"
        " EARSHOT_GUIDANCE_URL at the server that has the handbook."
    )


@dataclass(eq=False)
class KnowledgePathRefused(GuidanceError):
    """A file's name leads out of the handbook's folder, or is not that of a handbook file."""

    path: str
    reason: Message
    template: ClassVar[str] = "{path} cannot be a file of the handbook: {reason}. Choose another name."


@dataclass(eq=False)
class KnowledgeFileNotFound(GuidanceError):
    """The handbook has no such file, or the file no such entry."""

    path: str
    template: ClassVar[str] = "The handbook has no {path}. It may have been deleted; open the page again."


@dataclass(eq=False)
class KnowledgeTextInvalid(GuidanceError):
    """A text is no handbook file, so it is not saved."""

    path: str
    reason: Message | str
    template: ClassVar[str] = "{path} was not saved: {reason}. Correct the text."


@dataclass(eq=False)
class KnowledgeUnwritable(GuidanceError):
    """The handbook's folder cannot be written to."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The handbook file {path} cannot be changed: {reason}. Check the rights of the folder, or have"
        " EARSHOT_KNOWLEDGE_DIR changed."
    )


@dataclass(eq=False)
class KnowledgeChanged(GuidanceError):
    """A handbook file is no longer the one that was edited."""

    path: str
    template: ClassVar[str] = (
        "The handbook file {path} was changed by somebody else meanwhile, and nothing was saved. Copy your text, open"
        " it again as it is now, and make your changes in that."
    )


@dataclass(eq=False)
class ImportedFileError(EarshotError):
    """A file with a call's figures cannot be used."""


@dataclass(eq=False)
class ImportedFileBroken(ImportedFileError):
    """It ends too early, or is not what it seems to be."""

    name: str
    place: str | Message
    """Where in the file: a path of keys, or a line."""
    offset: int
    """In bytes, of what is unpacked."""
    reason: str | Message
    template: ClassVar[str] = (
        "The file {name} is broken at byte {offset} ({place}): {reason}. Save it again, or look for an unharmed copy."
    )


@dataclass(eq=False)
class ImportedFileUnknown(ImportedFileError):
    """It is no kind of file that is read here."""

    name: str
    template: ClassVar[str] = (
        "{name} is neither a dump of chrome://webrtc-internals nor a Parquet file of Earshot. Choose another file."
    )


@dataclass(eq=False)
class ImportedFileOld(ImportedFileError):
    """Its figures are of a kind that browsers no longer give, or packed in a way that is not read."""

    name: str
    what: str | Message
    template: ClassVar[str] = (
        "{name} cannot be read: {what}. Make the dump again with a browser of today, from chrome://webrtc-internals."
    )


@dataclass(eq=False)
class ImportedFileSilent(ImportedFileError):
    """It is whole, but tells nothing about sound."""

    name: str
    template: ClassVar[str] = (
        "{name} holds no figures about sound. Open chrome://webrtc-internals before the call, and save it before the"
        " call's tab is closed."
    )


@dataclass(eq=False)
class ImportedFileTooLarge(ImportedFileError):
    """It is larger than what is read."""

    name: str
    limit: str
    template: ClassVar[str] = "{name} is larger than is read here ({limit}). Save a shorter part of the call."


@dataclass(eq=False)
class ImportedFileUnreadable(ImportedFileError):
    """The system does not let it be read."""

    name: str
    reason: str
    template: ClassVar[str] = "{name} cannot be read: {reason}. Check the path and its rights."


@dataclass(eq=False)
class ImportNotFound(ImportedFileError):
    """It is somebody else's, or has made room for others."""

    template: ClassVar[str] = "This file is not held any more. Import it again."


@dataclass(eq=False)
class ImportsBusy(ImportedFileError):
    """As many files arrive or are read as may."""

    template: ClassVar[str] = "Other files are being imported just now. Try again in a minute."
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class MaskingRulesInvalid(EarshotError):
    """The rules for what is hidden cannot be used; nothing starts without them."""

    path: str
    reason: str
    template: ClassVar[str] = "The masking rules {path} cannot be used: {reason}. Correct the file."


@dataclass(eq=False)
class BackupError(EarshotError):
    """Something is wrong with a backup."""


@dataclass(eq=False)
class BackupInvalid(BackupError):
    """A backup is damaged, or is none."""

    path: str
    reason: str
    template: ClassVar[str] = "The backup {path} cannot be used: {reason}. Take another one."


@dataclass(eq=False)
class BackupUnsupported(BackupError):
    """The records are in a database that has backups of its own."""

    url: str
    template: ClassVar[str] = (
        "The records are in {url}. Back that up with the database's own tool; files alone are no backup."
    )


@dataclass(eq=False)
class BackupUnwritable(BackupError):
    """A backup cannot be made, or cannot be written where it should go."""

    path: str
    reason: str
    template: ClassVar[str] = "The backup {path} was not written: {reason}."


@dataclass(eq=False)
class RestoreRefused(BackupError):
    """A backup would overwrite what is there, or a server is using it."""

    path: str
    reason: str
    template: ClassVar[str] = "Nothing was restored into {path}: {reason}."


@dataclass(eq=False)
class StoreError(EarshotError):
    """Something is wrong with the durable records."""


@dataclass(eq=False)
class DiskFull(StoreError):
    """The disk that holds the records is full."""

    path: str
    template: ClassVar[str] = (
        "The disk that holds {path} is full. Free some space; the call goes on, and is recorded again from then."
    )
    retryable: ClassVar[bool] = True


@dataclass(eq=False)
class DataFolderInUse(StoreError):
    """Another server, or a restore, has the data folder."""

    path: str
    template: ClassVar[str] = (
        "The data folder {path} is in use by another server or a restore. Stop that first, or set EARSHOT_DATA_DIR to"
        " another folder."
    )


@dataclass(eq=False)
class DataFolderUnusable(StoreError):
    """The data folder cannot be locked."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The data folder {path} cannot be used: {reason}. Check the rights of EARSHOT_DATA_DIR, and that it is on a"
        " disk of this machine."
    )


@dataclass(eq=False)
class SampleFileUnwritable(StoreError):
    """A file of RTP samples cannot be written."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The sample file {path} cannot be written: {reason}. Check the rights of EARSHOT_DATA_DIR."
    )


@dataclass(eq=False)
class RollupUnwritable(StoreError):
    """A file of what is kept to compare calls cannot be written."""

    path: str
    reason: str
    template: ClassVar[str] = (
        "The file {path}, which is for comparing calls, cannot be written: {reason}. Check the rights of"
        " EARSHOT_DATA_DIR."
    )


@dataclass(eq=False)
class FleetQuestionFailed(StoreError):
    """A question over many calls has no answer."""

    reason: str
    template: ClassVar[str] = (
        "The figures of these calls could not be worked out: {reason}. Choose a shorter period or a narrower filter."
    )


@dataclass(eq=False)
class RecordRefused(StoreError):
    """The database will never take this record, because it contradicts what is kept."""

    reason: str
    template: ClassVar[str] = "A record was refused by the database: {reason}."


@dataclass(eq=False)
class DatabaseUnavailable(StoreError):
    """The database does not answer."""

    url: str
    reason: str
    template: ClassVar[str] = "The database {url} cannot be used: {reason}. Check EARSHOT_DATABASE_URL."
    retryable: ClassVar[bool] = True
