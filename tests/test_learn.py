"""`voicetype learn`: what it writes into the configuration file, and what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voicetype.cli import main
from voicetype.config import Config, VocabularyConfig
from voicetype.config_file import load
from voicetype.config_writing import change


class Learner:
    """The command, with a file of its own."""

    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file, self._capsys = file, capsys

    def __call__(self, *words: str) -> str:
        """What it says. It must be done."""
        assert main(["learn", "--config", str(self.file), *words]) == 0
        return self._capsys.readouterr().out.strip()

    def refused(self, *words: str, code: int = 1) -> str:
        """What it says when it refuses; the file must be as it was."""
        before = self.file.read_bytes()
        assert main(["learn", "--config", str(self.file), *words]) == code
        assert self.file.read_bytes() == before
        told = self._capsys.readouterr()
        assert not told.out
        return told.err.strip()

    def learned(self) -> VocabularyConfig:
        return load(self.file).vocabulary


@pytest.fixture
def learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Learner:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[vocabulary]\nhotwords = ['Ada'] # her\n")
    return Learner(file, capsys)


def test_words_are_learned_listed_and_forgotten(learn: Learner) -> None:
    assert learn("cube control", "kubectl") == '"cube control" is typed as "kubectl" from now on.'
    assert dict(learn.learned().replacements) == {"cube control": "kubectl"}
    written = learn.file.read_bytes()
    assert learn("Cube-Control", "kubectl") == '"cube control" is typed as "kubectl" already.'
    assert learn.file.read_bytes() == written
    assert learn("cube control", "kube").startswith('"cube control" is typed as "kube" from now on.')
    assert learn() == "cube control → kube\nexpected: Ada"
    assert learn("CUBE control", "--forget") == '"cube control" is typed as it is heard from now on.'
    assert dict(learn.learned().replacements) == {}
    assert learn() == "expected: Ada"
    assert learn.file.read_text().startswith("# mine\n[vocabulary]\nhotwords = ['Ada'] # her\n")


def test_of_two_that_are_heard_alike_the_one_that_holds_is_changed_and_both_are_forgotten(
    learn: Learner,
) -> None:
    learn.file.write_text(
        "[vocabulary]\nhotwords = ['B', 'C']\n[vocabulary.replacements]\na = 'B'\nA = 'C'\n"
    )
    assert learn("a", "d") == '"A" is typed as "d" from now on.'
    assert dict(learn.learned().replacements) == {"a": "B", "A": "d"}
    learn("a", "C")
    learn("a", "--forget")
    assert learn.learned() == VocabularyConfig()


def test_what_others_learn_at_the_same_time_is_not_lost(learn: Learner) -> None:
    """Another one learns while this one has read the file, and has not written it yet."""
    other = [sys.executable, "-m", "voicetype", "learn", "--config", str(learn.file), "b", "bb"]
    begun: list[subprocess.Popen[bytes]] = []

    def choices(config: Config) -> dict[str, object]:
        begun.append(subprocess.Popen(other, stdout=subprocess.DEVNULL))
        with pytest.raises(subprocess.TimeoutExpired):  # it waits, or it was not quick enough to harm
            begun[0].wait(1)
        return {"vocabulary.replacements": {**config.vocabulary.replacements, "a": "aa"}}

    change(choices, learn.file)
    assert begun[0].wait(30) == 0
    assert dict(learn.learned().replacements) == {"a": "aa", "b": "bb"}


def test_a_name_is_expected_too(learn: Learner) -> None:
    assert learn("siobahn", "Siobhan").endswith('The models are told to expect "Siobhan".')
    assert learn.learned().hotwords == ("Ada", "Siobhan")
    learn("sheban", "Siobhan")
    learn("siobahn", "--forget")
    assert learn.learned().hotwords == ("Ada", "Siobhan")  # another one is still typed so
    learn("sheban", "Siobhan", "--forget")
    assert learn.learned().hotwords == ("Ada",)
    learn("weather", "whether")
    learn("my address", "Ada Lovelace, 12 St James's Square")
    assert learn.learned().hotwords == ("Ada",)


def test_it_may_hold_in_one_place(learn: Learner) -> None:
    assert learn("mail", "Mail", "--language", "de").startswith('"mail" is typed as "Mail" in German from')
    assert learn("pr", "pull request", "--application", "*.slack*").startswith('"pr" is typed as "pull requ')
    learn("bio", "Bio", "--language", "de")
    vocabulary = learn.learned()
    assert not vocabulary.replacements
    assert dict(vocabulary.languages["de"].replacements) == {"mail": "Mail", "bio": "Bio"}
    assert vocabulary.languages["de"].hotwords == ("Mail", "Bio")
    assert dict(vocabulary.applications["*.slack*"].replacements) == {"pr": "pull request"}
    assert learn().splitlines() == [
        "mail → Mail  (German)",
        "bio → Bio  (German)",
        "pr → pull request  (*.slack*)",
        "expected: Ada",
        "expected: Mail, Bio  (German)",
    ]
    assert "was not learned." in learn.refused("mail", "--forget")
    assert "was not learned in French." in learn.refused("mail", "--forget", "--language", "fr")
    for word in ("mail", "bio"):
        learn(word, "--forget", "--language", "de")
    learn("pr", "--forget", "--application", "*.slack*")
    assert learn() == "expected: Ada"


def test_what_is_left_out(learn: Learner) -> None:
    assert learn("um", "") == '"um" is left out from now on.'
    assert learn().splitlines()[0] == "um → nothing"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("", "x"), "That can't be learned: what is heard must be a word or several."),
        (("?!", "x"), "That can't be learned: what is heard must be a word or several."),
        (("a",), "What is to be typed instead is missing."),
        (("a", "a"), "Both are the same."),
        ((" a", "a "), "Both are the same."),
        (("a", "b\nc"), "That can't be learned: it must be one line"),
        (("a\nb", "c"), "That can't be learned: it must be one line"),
        (("a", "\x1b[31mc"), "That can't be learned: it must be one line"),
        (("a", "x" * 1001), "That can't be learned: it must not be longer than 1000 characters."),
        (("a", "--forget"), '"a" was not learned.'),
        (("--forget",), "What is to be forgotten is missing."),
    ],
)
def test_what_is_refused(learn: Learner, words: tuple[str, ...], sentence: str) -> None:
    told, hint = learn.refused(*words).split("\n", 1)
    assert told.startswith(sentence)
    assert hint


@pytest.mark.parametrize(
    "words", [("a", "b", "--language", "xx"), ("a", "b", "c"), ("a", "b", "--application", " ")]
)
def test_what_is_no_usage(learn: Learner, words: tuple[str, ...]) -> None:
    assert "usage: voicetype" in learn.refused(*words, code=2)


def test_a_file_that_cannot_be_used_is_left_alone(learn: Learner) -> None:
    learn.file.write_text("[vocabulary\n")
    assert "is not valid TOML" in learn.refused("a", "b")
    assert "is not valid TOML" in learn.refused()


def test_without_a_file_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["learn"]) == 0
    assert capsys.readouterr().out.startswith("Nothing was learned yet")
    assert list(tmp_path.iterdir()) == []
    assert main(["learn", "a", "b"]) == 0
    assert dict(load().vocabulary.replacements) == {"a": "b"}
