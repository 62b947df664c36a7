"""Scripts without spaces, and such with marks on letters: by the character, in order, none cut or doubled."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import Screen
from voicetype.core import agreement, wording
from voicetype.core.events import (
    Confidence,
    Erasing,
    Event,
    Patching,
    SpeechEnded,
    SpeechStarted,
    Started,
    Stopped,
    Terms,
    TranscriptSegment,
    UserTyped,
)
from voicetype.core.patch import graphemes
from voicetype.core.session import Session
from voicetype.core.wording import key, split
from voicetype.engine.guards import most_tokens, rushed, without_restart

SYLLABLES = {
    "zh": ["你", "好", "世", "界", "，", "。", "「", "」", "我", "用", " Python "],
    "ja": ["こ", "ん", "に", "ち", "は", "ー", "々", "人", "、", "。", "カ"],
    "ko": ["그는", " 이리", "저리", " 피하면서", ". ", "길"],
    "th": ["กี่", "น้ำ", "ที่", "ครับ", "สวัส", "ดี", " ", "ๆ"],
    "my": ["ကျွန်", "တော်", "မိ", "သား", "စု", "။"],
    "hi": ["की", " कि", "को", " में", "है", "। "],
}
TEXTS = st.sampled_from(sorted(SYLLABLES)).flatmap(
    lambda language: st.lists(st.sampled_from(SYLLABLES[language]), min_size=1, max_size=14)
)
TEXT = TEXTS.map("".join).map(wording.clean).filter(bool)
SURE = 0.99


def segment(window_id: int, text: str, *, heavy: bool, final: bool = False) -> TranscriptSegment:
    return TranscriptSegment(
        0,
        text,
        Confidence.CONFIRMED if heavy else Confidence.DRAFT,
        window_id,
        to_pause=final,
        final=final,
        probabilities=() if heavy else (SURE,) * len(split(text)),
    )


def keys(text: str) -> list[str]:
    return [key(word) for word in split(text) if any(map(str.isalnum, word))]


class Watched(Screen):
    """A screen that looks at each patch."""

    def type_all(self) -> None:
        """Type them; none may begin within a character that stands."""
        if self.waiting:
            kept = graphemes(self.text)[: len(graphemes(self.text)) - self.waiting[0].backspaces]
            after = graphemes("".join(kept) + self.waiting[0].text)
            assert after[: len(kept)] == kept
        super().type_all()


def dictated(events: list[Event], patching: Patching) -> tuple[Screen, list[str]]:
    """The screen at the end, and what stood on it after each event."""
    screen, stood = Watched(Session(patching)), []
    for event in [
        Started(terms=Terms(erasing=Erasing.EXACT)),
        SpeechStarted(0, 0),
        *events,
        SpeechEnded(0, 9),
        Stopped(),
    ]:
        screen.feed(event)
        screen.type_all()
        stood.append(screen.text)
    assert screen.session.finished
    return screen, stood


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("你好，世界。", ("你", "好，", "世", "界。")),
        ("他说：「你好」。", ("他", "说：", "「你", "好」。")),
        ("我用Python写", ("我", "用", "Python", "写")),
        ("人々の 国", ("人", "々", "の", " 国")),
        ("กี่น้ำ", ("กี่", "น้", "ำ")),
        ("그는 피하면서 걸었다.", ("그는", " 피하면서", " 걸었다.")),
        ("你\n好", ("你", "\n", "好")),
    ],
)
def test_a_word_is_a_character_with_its_marks_and_punctuation(text: str, words: tuple[str, ...]) -> None:
    assert split(text) == words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("好，", "好", True),
        ("「你", "你", True),
        ("กี่", "กี้", False),  # the marks are vowels and tones
        ("कि", "की", False),
        ("İstanbul", "istanbul", True),
        ("Naïve,", "naïve", True),
        ("❤️", "🙂", False),
    ],
)
def test_what_makes_two_words_the_same(one: str, other: str, same: bool) -> None:
    assert (key(one) == key(other)) is same


@given(TEXT)
def test_no_word_ends_within_a_character(text: str) -> None:
    words = split(text)
    assert "".join(words) == text
    assert [c for word in words for c in graphemes(word)] == graphemes(text)


@settings(deadline=None)
@given(TEXT, st.data())
def test_what_is_said_in_order_stands_in_order(text: str, data: st.DataObject) -> None:
    """Whoever says how much of it: nothing stands twice, or before its time."""
    words = split(text)
    events: list[Event] = []
    for n, reached in enumerate(sorted(data.draw(st.lists(st.integers(1, len(words)), max_size=8)))):
        said = "".join(words[:reached])
        events.append(segment(n, said, heavy=data.draw(st.booleans())))
    screen, stood = dictated(
        [*events, segment(9, text, heavy=True, final=True)], data.draw(st.sampled_from(Patching))
    )
    for shown in stood:
        assert keys(shown) == keys(text)[: len(keys(shown))]
    assert keys(screen.text) == keys(text)


@settings(deadline=None)
@given(st.sampled_from(sorted(SYLLABLES)), st.sampled_from(Patching), st.data())
def test_whatever_is_said_no_patch_cuts_a_character(
    language: str, patching: Patching, data: st.DataObject
) -> None:
    texts = st.lists(st.sampled_from(SYLLABLES[language]), max_size=8).map("".join).map(wording.clean)
    said = data.draw(st.lists(texts, min_size=1, max_size=8))
    events: list[Event] = [
        segment(n, each, heavy=data.draw(st.booleans()), final=False) for n, each in enumerate(said)
    ]
    screen, _ = dictated([*events, segment(9, said[-1], heavy=True, final=True)], patching)
    assert screen.text == screen.session.text
    assert set(keys(screen.text)) <= {word for each in said for word in keys(each)}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("我们有这样的我们有", None),  # three characters are a word or two
        ("谢谢大家谢谢", None),
        ("我们没有办法这样做我们没有办法", "我们没有办法这样做"),
        ("我们没有这样做。我们没有", "我们没有这样做。"),
    ],
)
def test_several_characters_count_as_a_word_where_a_text_begins_again(text: str, kept: str | None) -> None:
    words = split(text)
    cut = "".join(words[: agreement.restart(words)])
    assert cut == (text if kept is None else kept) or without_restart(text) == text
    assert without_restart(text) in (text, kept)


@pytest.mark.parametrize(
    ("text", "speech_s", "too_much"),
    [
        ("请不吝点赞订阅转发打赏支持明镜与点点栏目", 0.5, True),  # what models make of a click
        ("欢迎大家来体验达摩院推出的语音识别模型", 3.0, False),
        ("그는 이리저리 피하면서 길 한 옆으로 걸어갔다", 2.0, False),
    ],
)
def test_a_character_that_is_a_syllable_takes_longer_than_a_letter(
    text: str, speech_s: float, too_much: bool
) -> None:
    assert rushed(text, speech_s) is too_much


def test_a_text_may_have_as_many_tokens_as_its_language_needs() -> None:
    for speech_s in (0.5, 3.0, 10.0):
        latin, thai, burmese = (most_tokens(language, speech_s) for language in ("de", "th", "my"))
        assert 6 * speech_s < latin <= thai <= burmese <= 224
    assert most_tokens("de", 30.0) == most_tokens("my", 30.0) == 224


def test_marks_belong_to_the_letter_before() -> None:
    for word in split("กี่น้ำที่"):
        assert not unicodedata.combining(word[0])


def test_what_was_sealed_and_is_not_said_any_more_is_no_half_of_a_word() -> None:
    screen = Watched(Session())
    for event in (Started(), SpeechStarted(0, 0), segment(1, "the there the", heavy=False), UserTyped()):
        screen.feed(event)
        screen.type_all()
    screen.feed(segment(2, "the there", heavy=True, final=True))
    screen.type_all()
    assert screen.text == "the there the"
