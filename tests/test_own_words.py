"""The vocabulary: where it holds, what the configuration may say of it, and what of it is ever told."""

from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, LevelDetector
from tests.test_config_writing import values_of
from voicetype.config import Config
from voicetype.config_file import flat, load, override, validated
from voicetype.config_showing import explain
from voicetype.config_watch import changes
from voicetype.config_writing import initialise, save
from voicetype.core.vocabulary import Terms, Vocabulary, without_echoes
from voicetype.core.wording import split
from voicetype.dictations import Dictations
from voicetype.engine.prompts import fitting
from voicetype.errors import ConfigError
from voicetype.keyboard import Claim
from voicetype.own_words import Expression, vocabulary
from voicetype.settings import Settings
from voicetype.workers import Worker

FILE = """
[vocabulary]
hotwords = ["Kubernetes", "Siobhan"]
[vocabulary.replacements]
"cube control" = "kubectl"
mail = "letter"
[vocabulary.patterns]
'(\\d+) percent' = '\\1 %'
[vocabulary.languages.de]
hotwords = ["Kubernetes", "Straße"]
replacements = { mail = "Mail" }
[vocabulary.applications."*.Slack*".replacements]
mail = "DM"
[vocabulary.applications.slack]
hotwords = ["channel"]
"""


def told(text: str = FILE) -> Vocabulary:
    return vocabulary(validated(tomllib.loads(text), "file").vocabulary)


def typed(words: Vocabulary, language: str, text: str) -> str:
    return "".join(words.replacements(language).apply(split(text), open_ended=False)[0])


def test_the_more_particular_holds() -> None:
    words = told()
    assert typed(words, "en", "cube control, a mail, 5 percent") == "kubectl, a letter, 5 %"
    assert typed(words, "de", "cube control, a mail") == "kubectl, a Mail"
    assert typed(words.at("com.slack.Slack", ""), "de", "cube control, a mail") == "kubectl, a DM"
    assert words.hotwords("en") == words.hotwords("auto") == ("Kubernetes", "Siobhan")
    assert words.hotwords("de") == ("Siobhan", "Kubernetes", "Straße")
    assert words.at("x", "SLACK").hotwords("fr") == ("Kubernetes", "Siobhan", "channel")
    assert words.at("firefox", "") is words
    assert words.at("slack", "").at("firefox", "") == words  # where another window is typed into
    assert Vocabulary().hotwords("en") == ()
    assert not Vocabulary().replacements("en")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hotwords = 'Siobhan'", "vocabulary.hotwords can't be used: it must be a list of texts in quotes"),
        ("hotwords = ['a', 'Siobhan', 'Siobhan']", "vocabulary.hotwords[2] can't be used: it is in the list"),
        ("hotwords = [3]", "vocabulary.hotwords[0] can't be used: it must be a text in quotes"),
        ("hotwords = ['  ']", "vocabulary.hotwords[0] can't be used: it must be a word or several."),
        ('hotwords = ["Siobhan\\nX"]', "vocabulary.hotwords[0] can't be used: it must be one line"),
        (
            "replacements = 3",
            "vocabulary.replacements can't be used: it is a table: write [vocabulary.replac",
        ),
        ("replacements = {a = 3}", "vocabulary.replacements[0] can't be used: it must be a text in quotes"),
        ("replacements = {'' = 'Siobhan'}", "replacements[0] can't be used: what is heard must be a word"),
        ("replacements = {a = 'b', '?!' = 'Siobhan'}", "replacements[1] can't be used: what is heard must"),
        ('replacements = {a = "Siobhan\\tX"}', "replacements[0] can't be used: it must be one line"),
        ("replacements = {a.b = 'Siobhan'}", "replacements[0] can't be used: it must be a text in quotes"),
        ("patterns = {'(Siobhan' = ''}", "no regular expression with its replacement (missing ) at position"),
        ("patterns = {'Siobhan' = '\\1'}", "replacement (there is no such group)"),
        ("patterns = {'Siobhan' = '\\g<x>'}", "replacement (there is no such group)"),
        ("patterns = {'Siobhan' = '\\q'}", "replacement (bad escape"),
        ("patterns = {'' = 'Siobhan'}", "patterns[0] can't be used: the expression is empty."),
        ("patterns = {'(Siobhan)?' = 'x'}", "can't be used: the expression matches where nothing is."),
        (f"patterns = {{'{'(' * 900}' = 'x'}}", "patterns[0] can't be used: it is no regular expression"),
        (f"replacements = {{a = '{'x' * 1001}'}}", "it must not be longer than 1000 characters."),
        ("hotword = ['x']", "there is no key vocabulary.hotword."),
        (
            "[vocabulary.languages.klingon]",
            'a name in vocabulary.languages is "klingon"; it must be a language',
        ),
        ("languages = 3", "vocabulary.languages is 3; it is a section: write [vocabulary.languages]"),
        ("languages.de = 3", "it is a section: write [vocabulary.languages."),
        ("languages.de.hotword = ['x']", 'there is no key vocabulary.languages["de"].hotword.'),
        ("'my Siobhan' = 'x'", "there is a key in [vocabulary] that is none of hotwords, replacements,"),
        ("languages.de.'x.Siobhan' = 'x'", 'there is a key in [vocabulary.languages."de"] that is none of'),
        (
            "applications.x.hotwords = ['', 'Siobhan']",
            'vocabulary.applications["x"].hotwords[0] can\'t be used',
        ),
    ],
)
def test_what_is_refused_shows_no_word(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        told(f"[vocabulary]\n{text}")
    assert sentence in refused.value.sentence
    assert "Siobhan" not in refused.value.sentence + refused.value.hint
    assert refused.value.hint


def test_a_change_is_told_without_a_word() -> None:
    before = validated(tomllib.loads(FILE), "file")
    after = override(before, {"vocabulary.hotwords": ["Ada"], "language": "de"})
    assert changes(before, after) == ["language is now de (was locale).", "The vocabulary has changed."]
    deeper = override(before, {"vocabulary.languages": {"fr": {"replacements": {"a": "b"}}}})
    assert changes(before, deeper) == ["The vocabulary has changed."]


def test_what_is_shown_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE)
    (tmp_path / "b.toml").write_text("\n".join(explain(tmp_path / "a.toml")))
    assert load(tmp_path / "b.toml") == load(tmp_path / "a.toml") != Config()


def test_what_the_default_file_says_of_it_is_true(tmp_path: Path) -> None:
    text = initialise(tmp_path / "a.toml").read_text()
    assert "[vocabulary.replacements]\n" in text
    assert "# hotwords = []\n" in text
    for example in ('"cube control" = "kubectl"', "'(\\d+) percent' = '\\1 %'"):
        assert example in text
        assert example in FILE


choices = st.fixed_dictionaries(
    {}, optional={n: values_of(v, n) for n, v in flat(Config()) if n.startswith("vocabulary.")}
)


@given(first=choices, second=choices, text=st.sampled_from(["", FILE, "# mine\n[vocabulary.patterns] # x\n"]))
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_whatever_is_saved_is_loaded(
    tmp_path: Path, first: dict[str, object], second: dict[str, object], text: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    for values in (first, second):
        before = load(file)
        save(values, file)
        assert load(file) == override(before, values)


def test_lines_that_stay_keep_their_comments(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[vocabulary]\nhotwords = [\n  "a", # the first\n  "b",\n]\n')
    save({"vocabulary.hotwords": ["a", "c"]}, file)
    assert load(file).vocabulary.hotwords == ("a", "c")
    assert '"a", # the first' in file.read_text()


def test_an_expression_that_takes_too_long_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    slow, text = Expression("(a|aa)+$", "x"), "a" * 200 + "b"
    with caplog.at_level(logging.DEBUG):
        assert slow.replaced(text) == text
        assert slow.replaced("aa") == "x"  # it may have had a bad moment
        assert not caplog.text
        assert slow.open_from(text) == len(text)
        assert slow.replaced(text) == text
        assert slow.replaced("aa") == "aa"
    assert "takes too long" in caplog.text
    assert "aa" not in caplog.text
    assert slow.open_from(text) == len(text)
    assert caplog.text.count("takes too long") == 1  # it was not tried again


def test_what_is_typed_stays_one_line() -> None:
    assert Expression("a(.)", r"\n\1\t").replaced("ab") == " b "


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Ada and Grace Hopper", (0.5, 0.5, 0.5, 0.5)),
        ("Ada, Grace Hopper, Linus", (0.5, 0.0, 0.5, 0.0)),  # as they stand in the list
        ("Linus, Ada", (0.5, 0.5)),
    ],
)
def test_who_says_the_list_says_nothing(text: str, wanted: tuple[float, ...]) -> None:
    words, hotwords = split(text), ("Ada", "Grace Hopper", "Linus")
    assert without_echoes(words, (0.5,) * len(words), hotwords) == wanted
    assert without_echoes(words, (), hotwords) == ()


class Tokenizer:
    """A token for each character."""

    def encode(self, text: str) -> list[int]:
        return [*map(ord, text)]


def test_of_too_many_hotwords_the_last_are_told(caplog: pytest.LogCaptureFixture) -> None:
    many = tuple(f"word{n:02}" for n in range(40))
    assert fitting(Tokenizer(), many[:5]) == many[:5]
    assert not caplog.text
    some = fitting(Tokenizer(), many)
    assert 0 < len(some) < 40
    assert some == many[-len(some) :]
    assert f"the last {len(some)} of 40 hotwords" in caplog.text
    assert "word" not in caplog.text.replace("hotwords", "")
    assert fitting(Tokenizer(), ("x" * 1000,)) == ()


def test_terms_that_come_later_are_more_important() -> None:
    assert Terms(("a", "b")).and_those(Terms(("a",))).hotwords == ("b", "a")


@pytest.mark.parametrize(
    ("app", "wanted", "wrong"), [("slack", ("Ada", "Bo"), "UNO"), ("xterm", ("Ada",), "1")]
)
def test_a_dictation_goes_by_the_words_of_its_window(
    monkeypatch: pytest.MonkeyPatch, app: str, wanted: tuple[str, ...], wrong: str
) -> None:
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    words = Vocabulary(
        Terms(("Ada",), (("one", "1"),)), applications=(("sl*", Terms(("Bo",), (("one", "UNO"),))),)
    )
    fast, heavy = (FakeTranscriber(name, lambda _: "one two") for name in ("quick", "slow"))
    keyboard = FakeKeyboard()
    keyboard.field = Claim(app=app)
    first, second = Worker("fast"), Worker("heavy")
    first.take(fast)
    second.take(heavy)
    dictations = Dictations(first, second, keyboard)
    dictations.open()
    settings = Settings(language="en", realtime=False, vocabulary=words)
    text = dictations.dictate(FakeMicrophone("s" * 60), settings, lambda _: None).finished.result(30)
    assert text == keyboard.text == f"{wrong} two"
    assert {how.hotwords for how in (*fast.asked, *heavy.asked)} == {wanted}
    dictations.close()
    first.close()
    second.close()
