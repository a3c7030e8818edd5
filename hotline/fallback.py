"""The carrier's fallback document, for the local exchange: heard while the web process is away.

A carrier asks its fallback address when a webhook fails, so that address must be where the web
process is not (docs/carrier.md): at a real carrier a document kept there, under `hotline run` this
small server beside the exchange. It has one answer for every question, made before anything
starts: an apology, and the transfer to the city's fallback number.

As a program (`python -m hotline.fallback --port N FILE`) it needs the standard library only.
"""

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotline.city import CityConfig

#: Seconds that the fallback number rings.
RING = 45
#: Spoken to whoever had not chosen a language yet, after the city's first one.
EVERYBODYS = "en"


def document(config: "CityConfig") -> str:
    """Return TwiML: sorry, in the city's first language and in English, and the transfer."""
    from twilio.twiml.voice_response import VoiceResponse

    from ivr.speech import prompts

    response = VoiceResponse()
    spoken = [
        name
        for name in dict.fromkeys([next(iter(config.ivr.languages)), EVERYBODYS])
        if name in config.ivr.languages
    ]

    def say(prompt: str) -> None:
        for name in spoken:
            language = config.ivr.languages[name]
            text = config.ivr.prompts[prompt][name]
            response.say(text, language=language.tag, voice=language.voice)

    say(prompts.APOLOGY)
    response.dial(config.city.fallback_number, timeout=RING, caller_id=config.city.caller_id)
    say(prompts.TRY_AGAIN)
    response.hangup()
    return str(response)


def serve(host: str, port: int, content: bytes) -> None:
    """Answer every request with `content`, until the process is ended."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: the exchange's log tells which call asked, and why."""

    ThreadingHTTPServer((host, port), Answer).serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hotline.fallback")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port, arguments.file.read_bytes())


if __name__ == "__main__":
    _main()
