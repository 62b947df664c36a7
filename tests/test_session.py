"""The reducer: scenarios that keep the churn in view, and properties over random interleavings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import Screen
from voicetype.core.events import (
    Cancelled,
    Confidence,
    Event,
    FocusChanged,
    Patching,
    SpeechEnded,
    SpeechStarted,
    Started,
    Stopped,
    TranscriptSegment,
    Unconfirmed,
    UserTyped,
)
from voicetype.core.session import Session, step


def draft(
    utterance: int, window_id: int, text: str, *, pause: bool = False, phrase: int = 0
) -> TranscriptSegment:
    return TranscriptSegment(utterance, text, Confidence.DRAFT, window_id, to_pause=pause, phrase=phrase)


def confirmed(
    utterance: int, window_id: int, text: str, *, final: bool = False, pause: bool = False
) -> TranscriptSegment:
    return TranscriptSegment(utterance, text, Confidence.CONFIRMED, window_id, to_pause=pause, final=final)


# A line a step: what happens | what stands on the screen then, and how many characters were erased so far.
SCENARIOS = {
    "a draft, its correction, the end": """
        say 0
        draft 0 1 the                             |
        draft 0 2 the quick brown fax             | the quick brown
        draft 0 3 the quick brown fax jumps       | the quick brown fax
        confirmed 0 4 The quick brown fox jumps   | The quick brown fox                erased 19
        final 0 5 The quick brown fox jumps.      | The quick brown fox jumps.         erased 19
    """,
    "a word is held back until it is said twice": """
        say 0
        draft 0 1 hello wor                       | hello
        draft 0 2 hello world                     | hello
        draft 0 3 hello world                     | hello world
    """,
    "a pause makes the last word whole": """
        say 0
        draft* 0 1 hello world                    | hello world
        confirmed* 0 1 Hello world.               | Hello world.                       erased 11
        final 0 2 Hello world.                    | Hello world.                       erased 11
    """,
    "a shown word goes only when contradicted twice": """
        say 0
        draft* 0 1 I saw a ship                   | I saw a ship
        draft* 0 2 I saw a sheep there            | I saw a ship there
        draft* 0 3 I saw a sheep there            | I saw a sheep there                erased 8
    """,
    "a late confirmation does not shorten a newer draft": """
        say 0
        draft* 0 1 one two three four five        | one two three four five
        confirmed 0 0 One too three              | One too three four five            erased 23
    """,
    "drafts that a confirmation overtook are stale": """
        say 0
        draft* 0 1 one                            | one
        final 0 5 One two.                        | One two.                           erased 3
        draft* 0 2 won tool                       | One two.                           erased 3
    """,
    "the next utterance stands before the last is confirmed": """
        say 0
        draft* 0 1 hello there                    | hello there
        say 1
        draft* 1 3 how are you                    | hello there how are you
        final 0 2 Hello, there.                   | Hello, there. how are you          erased 23
        final 1 4 How are you?                    | Hello, there. How are you?         erased 34
    """,
    "confirmations of two utterances in the wrong order": """
        say 0
        draft* 0 1 hello there                    | hello there
        say 1
        draft* 1 3 how are you                    | hello there how are you
        final 1 4 How are you?                    | hello there How are you?           erased 11
        final 0 2 Hello there.                    | Hello there. How are you?          erased 35
    """,
    "a new phrase leaves the drafts of the last alone": """
        say 0
        draft* 0 1 and so my fellow Americans     | and so my fellow Americans
        draft 0 2 and so my fellow Americans ask  | and so my fellow Americans
        draft* 0 3 ask not what /1                | and so my fellow Americans ask not what
        final 0 4 And so my fellow Americans. Ask. | And so my fellow Americans. Ask. erased 39
    """,
    "a model that failed leaves the draft": """
        say 0
        draft 0 1 as it was heard                 | as it was
        unconfirmed 0                             | as it was heard
    """,
    "cancel takes back what is not sealed": """
        say 0
        final 0 1 This stays.                     | This stays.
        say 1
        draft* 1 2 this goes                      | This stays. this goes
        cancel                                    | This stays.                        erased 10
        draft* 1 3 this goes too                  | This stays.                        erased 10
    """,
    "a key of the user's own seals what stands": """
        say 0
        draft* 0 1 the quick                      | the quick
        key                                       | the quick
        draft* 0 2 the quick brown                | the quick brown
        final 0 3 A quick brown fox.              | the quick brown fox.               erased 0
    """,
    "nothing is typed while the focus is elsewhere": """
        say 0
        draft* 0 1 the quick                      | the quick
        focus lost                                | the quick
        draft* 0 2 the quick brown                | the quick
        final 0 3 The quick brown fox.            | the quick
        focus back                                | the quick brown fox.
    """,
    "silence is no text": """
        say 0
        draft 0 1                                 |
        final 0 2                                 |
    """,
}


def events(words: list[str]) -> list[Event]:
    """The events of one step of a scenario."""
    match words:
        case ["say", n]:
            return [SpeechStarted(int(n), 0)]
        case ["unconfirmed", n]:
            return [Unconfirmed(int(n))]
        case ["cancel"]:
            return [Cancelled()]
        case ["key"]:
            return [UserTyped()]
        case ["focus", where]:
            return [FocusChanged(ours=where == "back")]
        case [kind, n, window, *text]:
            phrase = int(text.pop()[1:]) if text and text[-1].startswith("/") else 0
            said, pause = " ".join(text), kind.endswith("*")
            if kind.startswith("draft"):
                return [draft(int(n), int(window), said, pause=pause, phrase=phrase)]
            return [confirmed(int(n), int(window), said, final=kind == "final", pause=pause)]
    raise AssertionError(words)


@pytest.mark.parametrize("patching", list(Patching))
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, patching: Patching) -> None:
    screen = Screen(Session(patching))
    screen.feed(Started())
    for line in filter(str.strip, SCENARIOS[name].splitlines()):
        action, _, expected = line.partition("|")
        for event in events(action.split()):
            screen.feed(event)
            screen.type_all()
        wanted, _, erased = expected.partition("erased")
        if patching is Patching.DIFF and "|" in line:
            assert screen.text == wanted.strip(), line
            assert screen.erased == int(erased or screen.erased), line
    assert screen.text.endswith(screen.session.text) or screen.session.text.endswith(screen.text)


def test_a_patch_that_was_interrupted_leaves_what_is_known() -> None:
    screen = Screen(Session())
    screen.feed(Started())
    screen.feed(SpeechStarted(0, 0))
    screen.feed(draft(0, 1, "the quick brown fax", pause=True))
    screen.type_all()
    screen.feed(confirmed(0, 2, "The quick red fox.", final=True))
    screen.type_part(erased=7, typed=0, lost=True)
    assert screen.text == "the quick br"
    assert screen.session.on_screen == ""
    assert screen.session.finished is False
    screen.feed(Stopped())
    assert screen.session.finished
    assert screen.text == "the quick br"  # another window has the focus: nothing more is typed


def test_the_rest_follows_when_the_focus_comes_back() -> None:
    screen = Screen(Session())
    screen.feed(Started())
    screen.feed(SpeechStarted(0, 0))
    screen.feed(confirmed(0, 2, "One two three.", final=True))
    screen.type_part(erased=0, typed=4, lost=True)
    screen.feed(FocusChanged(ours=True))
    screen.type_all()
    assert screen.text == "One two three."
    assert screen.session.text == "One two three."


def test_a_word_that_was_sealed_twice_in_its_middle_is_typed_whole() -> None:
    screen = Screen(Session())
    screen.feed(Started())
    screen.feed(SpeechStarted(0, 0))
    screen.feed(confirmed(0, 2, "the quick brown fox", final=True))
    screen.type_part(erased=0, typed=6, lost=False)
    screen.type_part(erased=0, typed=2, lost=False)
    screen.type_all()
    assert screen.text == screen.session.text == "the quick brown fox"


def test_speech_that_begins_after_the_end_is_not_waited_for() -> None:
    screen = Screen(Session())
    screen.feed(Started())
    screen.feed(Cancelled())
    screen.feed(SpeechStarted(0, 0))
    assert screen.session.finished


def test_the_next_dictation_behind_the_last_begins_with_a_space() -> None:
    screen = Screen(Session())
    for text, continues in (("Hello.", False), ("How are you?", True), ("Fine.", False)):
        screen.feed(Started(continues))
        screen.feed(SpeechStarted(0, 0))
        screen.feed(confirmed(0, 1, text, final=True))
        screen.type_all()
        assert screen.session.text == text
    assert screen.text == "Hello. How are you?Fine."


def test_replace_types_a_confirmed_utterance_again() -> None:
    screen = Screen(Session(Patching.REPLACE))
    screen.feed(Started())
    screen.feed(SpeechStarted(0, 0))
    screen.feed(draft(0, 1, "hello world", pause=True))
    screen.type_all()
    screen.feed(confirmed(0, 2, "hello world.", final=True))
    assert (screen.waiting[0].backspaces, screen.waiting[0].text) == (11, "hello world.")


WORDS = st.lists(st.sampled_from(["the", "quick", "fox", "Fox,", "naïve", "東京", "🙂", "don't"]), max_size=6)
SAID = WORDS.map(" ".join)


@st.composite
def dictations(draw: st.DrawFn) -> list[Event]:
    """Up to three utterances whose segments come in any order, with all that can come between."""
    happenings: list[Event] = []
    finals: list[Event] = []
    for n in range(draw(st.integers(1, 3))):
        mine: list[Event] = [SpeechStarted(n, n * 10), SpeechEnded(n, n * 10 + 9)]
        segments: list[Event] = [
            draft(
                n,
                draw(st.integers(n * 10, n * 10 + 9)),
                draw(SAID),
                pause=draw(st.booleans()),
                phrase=draw(st.integers(0, 1)),
            )
            if draw(st.booleans())
            else confirmed(n, draw(st.integers(n * 10, n * 10 + 9)), draw(SAID), pause=draw(st.booleans()))
            for _ in range(draw(st.integers(0, 6)))
        ]
        happenings += mine[:1] + segments + mine[1:]
        end: Event = (
            Unconfirmed(n)
            if draw(st.integers(0, 5)) == 0
            else confirmed(n, n * 10 + 9, draw(SAID), final=True)
        )
        finals.append(end)
    later = draw(st.permutations(finals))
    for end in later:  # a last confirmation comes at any time after its utterance began
        utterance = end.utterance if isinstance(end, TranscriptSegment | Unconfirmed) else 0
        began = happenings.index(SpeechStarted(utterance, utterance * 10))
        happenings.insert(draw(st.integers(began + 1, len(happenings))), end)
    return [*happenings, Stopped()]


@settings(max_examples=300, deadline=None)
@given(dictations(), st.sampled_from(Patching), st.data())
def test_the_screen_ends_as_the_confirmed_texts(
    happenings: list[Event], patching: Patching, data: st.DataObject
) -> None:
    screen = Screen(Session(patching), before="theirs: ")
    screen.feed(Started())
    for event in happenings:
        sealed = screen.session.done
        screen.feed(event)
        if data.draw(st.booleans()):
            screen.type_all()
        assert screen.session.done.startswith(sealed)
        assert screen.text.startswith("theirs: " + screen.session.done)
    screen.type_all()
    assert screen.session.finished
    finals = [e for e in happenings if isinstance(e, TranscriptSegment) and e.final]
    confirmed_text = "".join(e.text for e in sorted(finals, key=lambda e: e.utterance))
    if not any(isinstance(e, Unconfirmed) for e in happenings):
        assert "".join(screen.session.text.split()) == "".join(confirmed_text.split())
    assert screen.text == "theirs: " + screen.session.text


INTRUSIONS: st.SearchStrategy[Event] = st.sampled_from(
    [UserTyped(), FocusChanged(ours=False), FocusChanged(ours=True), Cancelled()]
)


@settings(max_examples=300, deadline=None)
@given(dictations(), st.sampled_from(Patching), st.data())
def test_no_patch_reaches_into_what_is_not_ours(
    happenings: list[Event], patching: Patching, data: st.DataObject
) -> None:
    """Whatever happens, a patch erases no more than we typed since the last intrusion."""
    screen = Screen(Session(patching), before="theirs: ")
    screen.feed(Started())
    fixed = screen.text
    for event in happenings:
        screen.feed(event)
        match data.draw(st.integers(0, 3)):
            case 0:
                screen.type_all()
            case 1 if screen.waiting:
                made = screen.waiting[0]
                erased = data.draw(st.integers(0, made.backspaces))
                typed = data.draw(st.integers(0, 3)) if erased == made.backspaces else 0
                screen.type_part(erased, min(typed, len(made.text)), lost=data.draw(st.booleans()))
                fixed = screen.text
        if data.draw(st.integers(0, 4)) == 0:
            screen.type_all()
            intrusion = data.draw(INTRUSIONS)
            lets_go = screen.session.epoch
            screen.feed(intrusion)
            if screen.session.epoch > lets_go:
                fixed = screen.text = screen.text + ("x" if isinstance(intrusion, UserTyped) else "")
        screen.type_all()
        assert screen.text.startswith(fixed)
    screen.feed(FocusChanged(ours=True))
    screen.type_all()
    assert screen.session.finished


def test_step_is_total() -> None:
    """An event out of place changes nothing and raises nothing."""
    session = Session()
    happenings: list[Event] = [Unconfirmed(7), draft(3, 1, "x"), Stopped(), Cancelled(), SpeechEnded(1, 1)]
    for event in happenings:
        session, made = step(session, event)
        assert made is None
    assert replace(session, stopped=False, epoch=0) == Session()
