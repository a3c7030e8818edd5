"""What is spoken, in the carrier's language (TwiML), and the addresses that lead back to us.

A step's answer is the same for everyone at the same place of the flow but for two numbers in its
addresses: the call and the number of the step. So each answer is built once, with a mark where
those stand, and kept; an answer that holds something personal is built anew each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlencode

from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, VoiceResponse

from hotline.config import City
from ivr import steps
from ivr.config import Ivr
from ivr.nodes.base import Listen, Position, Read, Record, Speak, Verb, Words
from ivr.speech import prompts, spoken
from ivr.speech.prompts import Clip
from ivr.speech.spoken import Value
from ivr.steps import Step

#: Stand in a kept answer where a call's own numbers go. Nothing in an XML document looks like them.
_CALL, _N = "~CALL~", "~N~"
_SAFE = "~"
#: The carrier forbids more than this many seconds of silence in one verb; a caller wants far less.
FALLBACK_RING = 45
#: Seconds of silence that end a message.
SILENCE_ENDS = 5
_KEPT = 4096
#: Characters of a text that is read out: two minutes.
_LONGEST_READ = 1500
#: Between the nodes of a trail in an address; no name of a node has one.
_STEP = "."


class Speaker:
    """Writes the answers of one hotline. `base` is its public address, no slash at the end."""

    def __init__(self, base: str, config: Ivr, city: City) -> None:
        self.config = config
        self._base = base
        self._city = city
        self._kept = lru_cache(_KEPT)(self._template)
        self.apology = lru_cache(64)(self._apology)
        self.goodbye = lru_cache(64)(self._goodbye)

    # ---- steps

    def text(self, step: Step, call_id: int, n: int) -> str:
        """The TwiML of a step for this call, whose next step is number `n`."""
        position = replace(step.position, n=0)
        build = self._template if _is_personal(step) else self._kept
        return build(step.verbs, position).replace(_CALL, str(call_id)).replace(_N, str(n))

    def _template(self, verbs: tuple[Verb, ...], position: Position) -> str:
        response = VoiceResponse()
        for verb in verbs:
            self._verb(response, verb, position)
        return str(response)

    def _verb(self, response: VoiceResponse, verb: Verb, to: Position) -> None:
        match verb:
            case Speak() | Read():
                self._say(response, verb)
            case Listen():
                self._listen(response, verb, to)
            case Record():
                self._record(response, verb, to)
            case steps.Enqueue():
                self.enqueue(response, verb.queue, to.node, to.language)
            case steps.Dial():
                self._transfer(response, verb, to)
            case steps.HangUp():
                response.hangup()

    def _listen(self, response: VoiceResponse, verb: Listen, to: Position) -> None:
        address = self._address("/ivr/step", to)
        # so that # is a key like any other, unless it ends a number
        how = {"finish_on_key": "#"} if verb.number else {"finish_on_key": "", "num_digits": 1}
        if verb.hints:
            how |= {
                "language": self.config.languages[to.language].tag,
                "hints": ",".join(verb.hints),
                "speech_timeout": "auto",
            }
        gather = Gather(
            action=address,
            method="POST",
            input="dtmf speech" if verb.hints else "dtmf",
            timeout=verb.timeout,
            **how,
        )
        for words in verb.speaks:
            self._say(gather, words)
        response.append(gather)
        # Silence falls through a Gather: the same address then hears of no key.
        response.redirect(address, method="POST")

    def _record(self, response: VoiceResponse, verb: Record, to: Position) -> None:
        response.record(
            action=self._address("/ivr/recorded", to),
            method="POST",
            max_length=verb.longest,
            timeout=SILENCE_ENDS,
            finish_on_key="#",
            play_beep=True,
        )
        # a recording of nothing is none: the document goes on
        response.redirect(self._address("/ivr/step", to), method="POST")

    def _transfer(self, response: VoiceResponse, verb: steps.Dial, to: Position) -> None:
        dial = DialVerb(
            action=self._address("/ivr/transferred", to),
            method="POST",
            timeout=verb.timeout,
            caller_id=self._city.caller_id,
        )
        dial.number(verb.number)
        response.append(dial)

    def _address(self, path: str, to: Position) -> str:
        """Where the next step is asked for: all of the position travels in it."""
        more = {
            "try": to.attempt,
            "part": to.part,
            "held": to.held,
            "via": _STEP.join(to.trail),
            "rec": to.consent,
        }
        kept = {name: value for name, value in more.items() if value}
        return self.url(path, call=_CALL, n=_N, at=to.node, lang=to.language, **kept)

    # ---- the waiting room

    def enqueue(
        self, response: VoiceResponse, queue: str, node: str, language: str, next_step: int = 0
    ) -> None:
        """Wait in the carrier's queue; who is next is ours to say, so its order does not matter."""
        place: dict[str, object] = {"call": _CALL, "n": _N, "at": node, "lang": language}
        if next_step:
            place["s"] = next_step
        response.enqueue(
            queue,
            action=self.url("/ivr/left", **place),
            method="POST",
            wait_url=self.url("/ivr/wait", **place),
            wait_url_method="POST",
        )

    def back_to_waiting(
        self,
        call_id: int,
        visit: int,
        queue: str,
        node: str,
        lang: str,
        next_step: int = 0,
        said: str | None = None,
    ) -> str:
        """The answer that puts a caller back in the queue, in the place they had; `said` is a
        prompt that is spoken first.
        """
        response = VoiceResponse()
        if said is not None:
            self._say(response, Speak(said, lang))
        self.enqueue(response, queue, node, lang, next_step)
        return str(response).replace(_CALL, str(call_id)).replace(_N, str(visit))

    def waiting(self, wait: "Wait", *said: Words) -> str:
        """One round of the wait loop: what is to be said, music, and round again. The keys of the
        waiting room stop both.
        """
        response = VoiceResponse()
        keys = self.config.waiting.keys
        heard: VoiceResponse | Gather = response
        if keys:
            heard = Gather(
                action=self._wait_url("/ivr/wait/key", wait),
                method="POST",
                input="dtmf",
                num_digits=1,
                finish_on_key="",
                timeout=1,
            )
        for words in said:
            self._say(heard, words)
        self._music(heard)
        if isinstance(heard, Gather):
            response.append(heard)
        response.redirect(self._wait_url("/ivr/wait", wait), method="POST")
        return str(response)

    def cut_off(self, absence_id: int, language: str, *, told: bool) -> str:
        """What a caller hears whose agent was cut off, until the agent is back; `told`: they have
        been told.
        """
        response = VoiceResponse()
        if not told:
            self._say(response, Speak(prompts.CUT_OFF, language))
        self._music(response)
        again = self.url("/ivr/lost", absence=absence_id, lang=language)
        response.redirect(again, method="POST")
        return str(response)

    def held(self) -> str:
        """What somebody hears who is held in a conversation, until they are back."""
        response = VoiceResponse()
        self._music(response, self.config.talk.hold_music)
        response.redirect(self.url("/ivr/hold"), method="POST")
        return str(response)

    def _music(self, parent: VoiceResponse | Gather, other: str | None = None) -> None:
        """One loop of it (of `other`, if there is any), or of a quiet pause where the city has
        none.
        """
        music = other or self.config.waiting.music
        if music is None:
            parent.pause(length=self.config.waiting.loop)
        else:
            parent.play(self._base + music if music.startswith("/") else music)

    def _wait_url(self, path: str, wait: "Wait") -> str:
        place = {"call": wait.call_id, "n": wait.visit, "at": wait.node, "lang": wait.language}
        told = {
            "best": wait.best,
            "told": wait.told,
            "last": wait.last,
            "s": wait.next_step,
            "failed": wait.failed,
        }
        return self.url(path, **place, **{name: value for name, value in told.items() if value})

    @staticmethod
    def leave() -> str:
        """Out of the queue, on to the address given when it was entered."""
        response = VoiceResponse()
        response.leave()
        return str(response)

    # ---- the conversation

    def agent_leg(
        self, call_id: int, offer_id: int, leg_sid: str, *, recorded: bool, talk: int | None = None
    ) -> str:
        """What an agent's telephone does once it answers: wait for the caller in the conference,
        which is named after the offer, or after that of `talk`.

        With the action it is heard before the leg's own end whether that is the cause, or follows
        from the caller's: who is still on the line has not left.
        The conference is recorded from its start when the caller was told so and did not refuse.
        """
        recording = {
            "record": "record-from-start",
            "recording_status_callback": self.url("/ivr/recording", call=call_id, offer=offer_id),
            "recording_status_callback_method": "POST",
            "recording_status_callback_event": "completed",
        }
        leg = {"offer": offer_id, "leg": leg_sid}
        told = {
            "status_callback": self.url("/ivr/conference", **leg),
            "status_callback_method": "POST",
            "status_callback_event": "end",
        }
        over = self.url("/ivr/agent-leg/over", **leg)
        more = told | (recording if recorded else {})
        return self._meeting(talk or offer_id, over, more=more)

    def consult_leg(self, talk: int, offer_id: int, leg_sid: str) -> str:
        """What a colleague's telephone does who is asked for a word: come into the conference of
        `talk`, and leave it to the others again. The action is as in `agent_leg`.
        """
        over = self.url("/ivr/agent-leg/over", offer=offer_id, leg=leg_sid)
        return self._meeting(talk, over, ends=False)

    def join(
        self, offer_id: int, language: str, notice: str | None = None, *, talk: int | None = None
    ) -> str:
        """What the caller does once the agent is there: join the conference (`talk`: as above).
        `notice`: a prompt that they hear first.
        """
        said = None if notice is None else Speak(notice, language)
        after = self.url("/ivr/after", offer=offer_id, lang=language)
        return self._meeting(talk or offer_id, after, said)

    def _meeting(
        self,
        talk: int,
        action: str,
        said: Words | None = None,
        *,
        ends: bool = True,
        more: Mapping[str, str] | None = None,
    ) -> str:
        """Into the conference of `talk`, and on at `action`; `said` is heard before. `ends`: the
        conference ends when they leave it.
        """
        response = VoiceResponse()
        if said is not None:
            self._say(response, said)
        dial = DialVerb(action=action, method="POST")
        dial.conference(
            conference_name(talk),
            start_conference_on_enter=True,
            end_conference_on_exit=ends,
            beep="false",
            wait_url="",
            **(more or {}),
        )
        response.append(dial)
        return str(response)

    # ---- ends

    def _goodbye(self, language: str, said: str | None = None) -> str:
        """After the conversation; `said` is a prompt that is spoken first."""
        response = VoiceResponse()
        if said is not None:
            self._say(response, Speak(said, language))
        self._say(response, Speak(prompts.GOODBYE, language))
        response.hangup()
        return str(response)

    def _apology(self, language: str) -> str:
        """When something of ours has failed: said so, and put through to the city's own telephone.

        Nothing in it needs us again: should nobody answer there, the same document says so.
        """
        language = self.language(language)
        response = VoiceResponse()
        self._say(response, Speak(prompts.APOLOGY, language))
        dial = DialVerb(timeout=FALLBACK_RING, caller_id=self._city.caller_id)
        dial.number(self._city.fallback_number)
        response.append(dial)
        self._say(response, Speak(prompts.TRY_AGAIN, language))
        response.hangup()
        return str(response)

    @staticmethod
    def hang_up() -> str:
        """Nothing to say."""
        response = VoiceResponse()
        response.hangup()
        return str(response)

    @staticmethod
    def nothing() -> str:
        """An empty document: go on with what you do."""
        return str(VoiceResponse())

    # ---- small parts

    def language(self, wanted: str) -> str:
        """`wanted` if it is spoken here, else the first language."""
        return wanted if wanted in self.config.languages else next(iter(self.config.languages))

    def url(self, path: str, **query: object) -> str:
        """An address of ours for the carrier."""
        # a lone "?" would not be in what we check the carrier's signature against
        asked = f"?{urlencode(query, safe=_SAFE)}" if query else ""
        return f"{self._base}{path}{asked}"

    def _say(self, parent: VoiceResponse | Gather, words: Words) -> None:
        """Texts by the carrier's voice of the language, recordings from our own address."""
        voice = self.config.languages[words.language]
        if isinstance(words, Read):
            # what people have written: made speakable, and no longer than anybody listens
            text = prompts.sayable(words.text)[:_LONGEST_READ]
            parent.say(text, language=voice.tag, voice=voice.voice)
            return
        for part in prompts.parts(self.config.prompts[words.prompt][words.language]):
            if isinstance(part, Clip):
                parent.play(f"{self._base}/ivr/audio/{part.play}")
            else:
                text = part.format(**_spoken(words.values, words.language))
                parent.say(text, language=voice.tag, voice=voice.voice)


@dataclass(frozen=True)
class Wait:
    """A caller in the wait loop, as its address tells.

    `best`: the lowest position that was said (0: none yet); `told`: what was said of the expected
    wait (`ivr.room.estimate`); `last`: when something was announced, in seconds since 1970;
    `next_step`: the number of the step that a key makes (0: the one after the visit); `failed`: how
    many rounds in a row went wrong.
    """

    call_id: int
    visit: int
    node: str
    language: str
    best: int = 0
    told: str = ""
    last: int = 0
    next_step: int = 0
    failed: int = 0


def position_of(query: Mapping[str, str]) -> Position:
    """Where a caller stands, from the address that `Speaker` wrote. Raises ValueError, KeyError."""
    return Position(
        query["at"],
        query["lang"],
        int(query.get("try", 0)),
        int(query["n"]),
        query.get("part", ""),
        query.get("held", ""),
        tuple(filter(None, query.get("via", "").split(_STEP))),
        query.get("rec", ""),
    )


def conference_name(offer_id: int) -> str:
    """Where caller and agent of a call meet."""
    return f"talk-{offer_id}"


def _is_personal(step: Step) -> bool:
    return bool(step.position.held) or any(
        isinstance(words, Read) or words.values for verb in step.verbs for words in _words_of(verb)
    )


def _words_of(verb: Verb) -> tuple[Words, ...]:
    match verb:
        case Speak() | Read():
            return (verb,)
        case Listen():
            return verb.speaks
        case _:
            return ()


def _spoken(values: tuple[tuple[str, Value], ...], language: str) -> dict[str, str]:
    return {name: spoken.say(value, language) for name, value in values}
