"""What is spoken, in the carrier's language (TwiML), and the addresses that lead back to us.

A step's answer is the same for everyone at the same place of the flow but for two numbers in its
addresses: the call and the number of the step. So each answer is built once, with a mark where
those stand, and kept.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from twilio.twiml.voice_response import Dial as DialVerb
from twilio.twiml.voice_response import Gather, VoiceResponse

from hotline.config import City
from ivr import prompts, steps
from ivr.config import Ivr
from ivr.steps import Given, Position, Speak, Step

#: Stand in a kept answer where a call's own numbers go. Nothing in an XML document looks like them.
_CALL, _N = "~CALL~", "~N~"
_SAFE = "~"
#: The carrier forbids more than this many seconds of silence in one verb; a caller wants far less.
FALLBACK_RING = 45
_KEPT = 4096


@dataclass(frozen=True)
class Answer:
    """A step and its answer, with marks for the numbers of the call."""

    step: Step
    template: str

    def text(self, call_id: int, n: int) -> str:
        """The TwiML for this call, whose next step is number `n`."""
        return self.template.replace(_CALL, str(call_id)).replace(_N, str(n))


class Speaker:
    """Writes the answers of one hotline. `base` is its public address, no slash at the end."""

    def __init__(self, base: str, config: Ivr, city: City) -> None:
        self.config = config
        self._base = base
        self._city = city
        self.answer = lru_cache(_KEPT)(self._answer)
        self._waiting = lru_cache(_KEPT)(self._wait_template)
        self.apology = lru_cache(64)(self._apology)
        self.goodbye = lru_cache(64)(self._goodbye)

    # ---- steps

    def begin(self) -> Answer:
        """The answer of step 0."""
        return self.answer("", "", 0, "", "")

    def _answer(self, node: str, language: str, attempt: int, digits: str, dial: str) -> Answer:
        if node:
            at = Position(node, language, attempt)
            step = steps.advance(self.config.graph, at, Given(digits, dial))
        else:
            step = steps.begin(self.config.graph)
        response = VoiceResponse()
        for verb in step.verbs:
            self._speak(response, verb, step.position)
        return Answer(step, str(response))

    def _speak(self, response: VoiceResponse, verb: steps.Verb, to: Position) -> None:
        match verb:
            case Speak():
                self._say(response, verb.prompt, verb.language)
            case steps.Listen():
                self._listen(response, verb, to)
            case steps.Enqueue():
                self.enqueue(response, verb.queue, to.node, to.language)
            case steps.Dial():
                self._transfer(response, verb, to)
            case steps.HangUp():
                response.hangup()

    def _listen(self, response: VoiceResponse, verb: steps.Listen, to: Position) -> None:
        address = self._step_url(to)
        gather = Gather(
            action=address,
            method="POST",
            input="dtmf",
            num_digits=1,
            timeout=verb.timeout,
            finish_on_key="",  # so that # is a key like any other
        )
        for speak in verb.speaks:
            self._say(gather, speak.prompt, speak.language)
        response.append(gather)
        # Silence falls through a Gather: the same address then hears of no key.
        response.redirect(address, method="POST")

    def _transfer(self, response: VoiceResponse, verb: steps.Dial, to: Position) -> None:
        dial = DialVerb(
            action=self.url("/ivr/transferred", call=_CALL, n=_N, at=to.node, lang=to.language),
            method="POST",
            timeout=verb.timeout,
            caller_id=self._city.caller_id,
        )
        dial.number(verb.number)
        response.append(dial)

    def _step_url(self, to: Position) -> str:
        return self.url(
            "/ivr/step",
            call=_CALL,
            n=_N,
            at=to.node,
            lang=to.language,
            **{"try": to.attempt},
        )

    # ---- the waiting room

    def enqueue(self, response: VoiceResponse, queue: str, node: str, language: str) -> None:
        """Wait in the carrier's queue; who is next is ours to say, so its order does not matter."""
        place = {"call": _CALL, "n": _N, "at": node, "lang": language}
        response.enqueue(
            queue,
            action=self.url("/ivr/left", **place),
            method="POST",
            wait_url=self.url("/ivr/wait", **place),
            wait_url_method="POST",
        )

    def back_to_waiting(self, call_id: int, visit: int, queue: str, node: str, lang: str) -> str:
        """The answer that puts a caller back in the queue, in the place they had."""
        response = VoiceResponse()
        self.enqueue(response, queue, node, lang)
        return str(response).replace(_CALL, str(call_id)).replace(_N, str(visit))

    def waiting(self, wait: "Wait", position: int | None) -> str:
        """One round of the wait loop: the position if it is to be said, music, and round again."""
        template = self._waiting(wait.node, wait.language, position)
        return (
            template.replace(_CALL, str(wait.call_id))
            .replace(_N, str(wait.visit))
            .replace("~BEST~", str(position or wait.best))
            .replace("~FAILED~", str(wait.failed))
        )

    def _wait_template(self, node: str, language: str, position: int | None) -> str:
        response = VoiceResponse()
        if position == 1:
            self._say(response, prompts.NEXT_IN_LINE, language)
        elif position is not None:
            self._say(response, prompts.POSITION, language, position=position)
        else:
            self._say(response, prompts.STILL_WAITING, language)
        music = self.config.waiting.music
        if music is None:
            response.pause(length=self.config.waiting.loop)
        else:
            response.play(self._base + music if music.startswith("/") else music)
        response.redirect(
            self.url(
                "/ivr/wait",
                call=_CALL,
                n=_N,
                at=node,
                lang=language,
                best="~BEST~",
                failed="~FAILED~",
            ),
            method="POST",
        )
        return str(response)

    @staticmethod
    def leave() -> str:
        """Out of the queue, on to the address given when it was entered."""
        response = VoiceResponse()
        response.leave()
        return str(response)

    # ---- the conversation

    def agent_leg(self, call_id: int, offer_id: int) -> str:
        """What an agent's telephone does once it answers: wait for the caller in the conference."""
        response = VoiceResponse()
        dial = DialVerb()
        dial.conference(
            conference_name(call_id),
            start_conference_on_enter=True,
            end_conference_on_exit=True,
            beep="false",
            wait_url="",
            status_callback=self.url("/ivr/conference", offer=offer_id),
            status_callback_method="POST",
            status_callback_event="end",
        )
        response.append(dial)
        return str(response)

    def join(self, call_id: int, offer_id: int, language: str) -> str:
        """What the caller does once the agent is there: join the conference."""
        response = VoiceResponse()
        dial = DialVerb(action=self.url("/ivr/after", offer=offer_id, lang=language), method="POST")
        dial.conference(
            conference_name(call_id),
            start_conference_on_enter=True,
            end_conference_on_exit=True,
            beep="false",
            wait_url="",
        )
        response.append(dial)
        return str(response)

    # ---- ends

    def _goodbye(self, language: str) -> str:
        """After the conversation."""
        response = VoiceResponse()
        self._say(response, steps.GOODBYE, language)
        response.hangup()
        return str(response)

    def _apology(self, language: str) -> str:
        """When something of ours has failed: said so, and put through to the city's own telephone.

        Nothing in it needs us again: should nobody answer there, the same document says so.
        """
        language = self.language(language)
        response = VoiceResponse()
        self._say(response, prompts.APOLOGY, language)
        dial = DialVerb(timeout=FALLBACK_RING, caller_id=self._city.caller_id)
        dial.number(self._city.fallback_number)
        response.append(dial)
        self._say(response, prompts.TRY_AGAIN, language)
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
        return f"{self._base}{path}?{urlencode(query, safe=_SAFE)}"

    def _say(
        self, parent: VoiceResponse | Gather, prompt: str, language: str, **values: object
    ) -> None:
        spoken = self.config.languages[language]
        text = self.config.prompts[prompt][language].format(**values)
        parent.say(text, language=spoken.tag, voice=spoken.voice)


@dataclass(frozen=True)
class Wait:
    """A caller in the wait loop, as its address tells: `best` is the lowest position that was said
    (0: none yet), `failed` how many rounds in a row went wrong.
    """

    call_id: int
    visit: int
    node: str
    language: str
    best: int = 0
    failed: int = 0


def conference_name(call_id: int) -> str:
    """Where caller and agent of a call meet."""
    return f"call-{call_id}"
