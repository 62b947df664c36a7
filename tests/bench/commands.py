"""How often people say a command's words by accident: of texts that mean none, a file of them each.

    python -m tests.bench.commands LANGUAGE FILE...

A sentence is an utterance, known to be over, that the heavy model has said: what is most readily taken for
commands. Prints, for each way to listen, how many there are in a thousand words, and which.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from voicetype.core import wording
from voicetype.core.commands import Command, Listening
from voicetype.core.rewriting import Rules, Said, told

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n%\n")


def commands(text: str, language: str, listening: Listening) -> tuple[int, Counter[str]]:
    """How many words a text has, and the commands that are taken for some of them."""
    count, found = 0, Counter[str]()
    for sentence in _SENTENCE.split(text):
        clean = wording.clean(sentence)
        words = wording.split(clean)
        count += len(words)
        tokens = told(Said(words, len(words), clean, True, language), Rules(listening)).tokens
        found.update(f"{t.deed.value} {t.text!r}" for t in tokens if isinstance(t, Command))
    return count, found


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description="how often people say a command's words by accident")
    parser.add_argument("language")
    parser.add_argument("files", nargs="+", type=Path)
    given = parser.parse_args()
    texts = [file.read_text("utf-8") for file in given.files]
    for listening in (Listening.CLEAR, Listening.ALL):
        count, found = 0, Counter[str]()
        for text in texts:
            more, those = commands(text, given.language, listening)
            count, found = count + more, found + those
        rate = 1000 * found.total() / max(1, count)
        print(f"{listening:<5} {count:>7} words  {rate:.2f} in a thousand  {dict(found.most_common())}")


if __name__ == "__main__":
    main()
