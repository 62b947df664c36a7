"""A server with OpenAI's `/v1/audio/transcriptions` and a real model, for `tests.bench.strategies`.

    python -m tests.bench.speech_server FOLDER

FOLDER holds a model. It prints its address, as JSON, and ends when its standard input does.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from pathlib import Path

from tests.speech_service import Caller, saying, serving
from voicetype.core.events import SAMPLE_RATE


def main() -> None:
    """Serve: faster-whisper's own way, as the usual servers do it, but for the beam."""
    from faster_whisper import WhisperModel, decode_audio

    folder = Path(sys.argv[1])
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    busy = threading.Lock()

    def reply(caller: Caller) -> None:
        asked = caller.server.asked.pop()
        audio = decode_audio(io.BytesIO(asked.file), sampling_rate=SAMPLE_RATE)
        with busy:
            segments, info = model.transcribe(
                audio,
                language=asked.fields.get("language"),
                beam_size=1,
                temperature=0.0,
                word_timestamps=True,
                condition_on_previous_text=False,
            )
            said = list(segments)
        words = [
            {"word": word.word, "start": word.start, "end": word.end, "probability": word.probability}
            for segment in said
            for word in segment.words or ()
        ]
        text = "".join(segment.text for segment in said).strip()
        saying(text=text, language=info.language, duration=info.duration, words=words)(caller)

    with serving() as service:
        service.reply = reply
        print(json.dumps({"address": service.address}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
