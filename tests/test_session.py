"""The reducer: scenarios that keep the churn in view, and properties over random interleavings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import Screen
from voicetype.core import agreement
from voicetype.core.events import (
    Cancelled,
    Confidence,
    Erasing,
    Event,
    FocusChanged,
    Patching,
    Showing,
    SpeechEnded,
    SpeechStarted,
    Started,
    Stopped,
    Terms,
    TranscriptSegment,
    Unconfirmed,
    UserTyped,
)
from voicetype.core.session import Session, step
from voicetype.core.utterance import Utterance
from voicetype.core.verification import Standing
from voicetype.core.wording import key, split


def draft(
    utterance: int,
    window_id: int,
    text: str,
    *,
    pause: bool = False,
    phrase: int = 0,
    sure: tuple[float, ...] = (),
) -> TranscriptSegment:
    return TranscriptSegment(
        utterance, text, Confidence.DRAFT, window_id, to_pause=pause, phrase=phrase, probabilities=sure
    )


def confirmed(
    utterance: int,
    window_id: int,
    text: str,
    *,
    final: bool = False,
    pause: bool = False,
    verified: bool = False,
    gains: tuple[float, ...] = (),
) -> TranscriptSegment:
    return TranscriptSegment(
        utterance,
        text,
        Confidence.CONFIRMED,
        window_id,
        to_pause=pause,
        final=final,
        verified=verified,
        gains=gains,
    )


PROBABLE = {
    "!": 1.0,
    "^": (agreement.SURE_ONCE + agreement.SURE_NEWEST) / 2,
    "~": (agreement.SURE_TWICE + agreement.SURE_ONCE) / 2,
    "%": agreement.SURE_TWICE / 2,
}
"""How a scenario marks how probable a word of a draft is: enough for any, not for the newest, not before it
is said twice, never. A draft without a mark doesn't tell; in one with a mark, the other words are certain."""

# "*": it ends in a pause; "verified": a confirmation of what both models say.
# A line a step: what happens | what stands on the screen then, and how many characters were erased so far.
SCENARIOS = {
    "a draft, its correction, the end": """
        say 0
        draft 0 1 the                                  | the
        draft 0 2 the quick brown fax                  | the quick brown
        draft 0 3 the quick brown fax jumps            | the quick brown fax
        confirmed 0 4 the quick brown fox jumps over   | the quick brown fox                erased 2
        final 0 5 the quick brown fox jumps over it.   | the quick brown fox jumps over it. erased 2
    """,
    "a word is held back until it is said twice": """
        say 0
        draft 0 1 hello wor                       | hello
        draft 0 2 hello world                     | hello
        draft 0 3 hello world                     | hello world
    """,
    "a newest word is shown at once where it is certain": """
        say 0
        draft 0 1 hello! wor^                     | hello
        draft 0 2 hello! world!                   | hello world
    """,
    "a doubtful word holds back all behind it, until it is said twice": """
        say 0
        draft 0 1 hello! word~ this! is!          | hello
        draft 0 2 hello! world~ this! is! it!     | hello
        draft 0 3 hello! world~ this! is! it!     | hello world this is it
    """,
    "a word that is never probable waits for its confirmation": """
        say 0
        draft 0 1 hello! word% this! is!          | hello
        draft* 0 2 hello! word% this! is!         | hello
        confirmed* 0 2 Hello world this is.       | Hello world this is.               erased 5
    """,
    "a word that is never probable stands where no confirmation comes": """
        say 0
        draft* 0 1 hello! word% this! is!         | hello
        unconfirmed 0                             | hello word this is
    """,
    "a pause makes the last word whole, and the end sets its full stop": """
        say 0
        draft* 0 1 hello world                    | hello world
        confirmed* 0 1 hello world.               | hello world.                       erased 0
        final 0 2 hello world.                    | hello world.                       erased 0
    """,
    "a shown word goes only when contradicted twice": """
        say 0
        draft* 0 1 I saw a ship                   | I saw a ship
        draft* 0 2 I saw a sheep there            | I saw a ship there
        draft* 0 3 I saw a sheep there            | I saw a sheep there                erased 8
    """,
    "a full stop that stands is not taken back": """
        say 0
        draft* 0 1 I saw a ship.                  | I saw a ship.
        confirmed* 0 1 I saw a ship               | I saw a ship.                      erased 0
        final 0 2 I saw a ship                    | I saw a ship.                      erased 0
    """,
    "a pause takes back what was made up at its end": """
        say 0
        draft 0 1 I! saw! a! ship! you!           | I saw a ship you
        draft 0 2 I! saw! a! ship!                | I saw a ship you                   erased 0
        draft* 0 3 I! saw! a! ship!               | I saw a ship                       erased 4
    """,
    "a late confirmation does not shorten a newer draft": """
        say 0
        draft* 0 1 one two three                  | one two three
        confirmed 0 0 one too three four          | one too three                      erased 8
    """,
    "a confirmation in mid-speech is not trusted with its last words": """
        say 0
        draft* 0 1 one two three four             | one two three four
        confirmed 0 1 one two tree for            | one two three four                 erased 0
        confirmed 0 2 one two tree for five six   | one two tree for                   erased 9
    """,
    "a confirmation in mid-speech that both models say is trusted with its last words": """
        say 0
        draft 0 1 one! two~ three! four!          | one
        verified 0 1 one two three four           | one two three four                 erased 0
    """,
    "of one that only the heavy model says, the last words stay held back": """
        say 0
        draft 0 1 one! two~ three! four!          | one
        confirmed 0 1 one two three four          | one two                            erased 0
    """,
    "a held-back word that the heavy model also says stands at once": """
        say 0
        draft* 0 1 hello! word% this! is!         | hello
        verified* 0 1 hello word this is          | hello word this is                 erased 0
    """,
    "a confirmation in mid-speech takes back no word that was confirmed before": """
        say 0
        draft* 0 1 the sick%                          | the
        confirmed* 0 1 the sick corpus is okay        | the sick corpus is okay            erased 0
        draft 0 2 the sick% corpus is okay            | the sick corpus is okay
        confirmed 0 2 the sick corpus is okay         | the sick corpus is okay            erased 0
    """,
    "the spelling that stands is kept, but behind a mended word": """
        say 0
        draft* 0 1 and so I say my fellow amerigans        | and so I say my fellow amerigans
        confirmed 0 2 And so, I say my fellow Amerigans, a | and so I say my fellow amerigans
        confirmed 0 3 And so, I say my fellow Americans a b | and so I say my fellow Americans erased 9
    """,
    "a pause that is confirmed late mends nothing for the sake of a capital letter": """
        say 0
        draft* 0 1 i saw a ship                        | i saw a ship
        draft* 0 2 i saw a ship how are you all today  | i saw a ship how are you all today
        confirmed* 0 1 I saw a ship                    | i saw a ship how are you all today      erased 0
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
        final 0 2 Hello three.                    | Hello three. how are you           erased 23
        final 1 4 How are you?                    | Hello three. How are you?          erased 34
    """,
    "confirmations of two utterances in the wrong order": """
        say 0
        draft* 0 1 hello there                    | hello there
        say 1
        draft* 1 3 how are you                    | hello there how are you
        final 1 4 How are you?                    | hello there How are you?           erased 11
        final 0 2 Hello three.                    | Hello three. How are you?          erased 35
    """,
    "a new phrase leaves the drafts of the last alone": """
        say 0
        draft* 0 1 and so my fellow Americans     | and so my fellow Americans
        draft 0 2 and so my fellow Americans ask  | and so my fellow Americans
        draft* 0 3 ask not what /1                | and so my fellow Americans ask not what
        final 0 4 And so my fellow Americans. Ask. | And so my fellow Americans. Ask.   erased 39
    """,
    "what a pause held back stands before the next phrase": """
        say 0
        draft* 0 1 rather! cold% hearted!         | rather
        draft* 0 3 is to be /1                    | rather cold hearted is to be
    """,
    "what a pause made a model say is no part of the phrase": """
        say 0
        draft* 0 1 if any are good if% any% are%  | if any are good
        draft 0 2 if any are good                 | if any are good
        draft 0 3 if any are good served but      | if any are good served
        draft 0 4 served but for him /1           | if any are good served but for
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


def marked(text: list[str]) -> tuple[str, tuple[float, ...]]:
    """What a draft says, and the probabilities that its marks tell."""
    sure = tuple(PROBABLE.get(word[-1], 1.0) for word in text)
    told = any(word[-1] in PROBABLE for word in text)
    return " ".join(word.rstrip("".join(PROBABLE)) for word in text), sure if told else ()


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
            pause = kind.endswith("*")
            if kind.startswith("draft"):
                said, sure = marked(text)
                return [draft(int(n), int(window), said, pause=pause, phrase=phrase, sure=sure)]
            said, final, verified = " ".join(text), kind == "final", kind.startswith("verified")
            return [confirmed(int(n), int(window), said, final=final, pause=pause, verified=verified)]
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


# Drafts are paused: an utterance is typed with the heavy model's last word on it.
PAUSED = {
    "nothing stands before the last word": """
        say 0
        draft 0 1 the quick brown fax                  |
        confirmed* 0 2 the quick brown fax.            |
        final 0 3 The quick brown fox.                 | The quick brown fox.
    """,
    "what is not seen costs nothing to mend": """
        say 0
        draft* 0 1 eye saw her ship at the quay in the morning |
        final 0 2 I saw a sheep at the quay in the morning.   | I saw a sheep at the quay in the morning.
    """,
    "the drafts stand where no last word comes": """
        say 0
        draft* 0 1 the quick brown fox                 |
        unconfirmed 0                                  | the quick brown fox
    """,
    "a second utterance follows the first": """
        say 0
        final 0 1 One.                                 | One.
        say 1
        draft* 1 2 two                                 | One.
        final 1 3 Two.                                 | One. Two.
    """,
}


@pytest.mark.parametrize("name", PAUSED)
def test_paused_drafts(name: str) -> None:
    screen = Screen(Session())
    screen.feed(Started(terms=Terms(Showing.FINAL)))
    for line in filter(str.strip, PAUSED[name].splitlines()):
        action, bar, expected = line.partition("|")
        for event in events(action.split()):
            screen.feed(event)
            screen.type_all()
        if bar:
            assert screen.text == expected.strip(), line
    assert screen.erased == 0


@pytest.mark.parametrize("said", ["One two three", "One long sentence" + " that goes on" * 10])
def test_a_pause_sets_the_full_stop_and_the_end_keeps_it(said: str) -> None:
    """Whether or not the spelling of the first word is worth its keys."""
    screen = Screen(Session())
    screen.feed(Started())
    screen.feed(SpeechStarted(0, 0))
    screen.feed(draft(0, 1, said.lower(), pause=True))
    screen.feed(confirmed(0, 1, f"{said}.", pause=True))
    screen.type_all()
    assert screen.text.casefold() == f"{said}.".casefold()
    screen.feed(confirmed(0, 2, f"{said}.", final=True))
    screen.type_all()
    assert screen.text.casefold() == f"{said}.".casefold()


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


@pytest.mark.parametrize("typed", [True, False])
def test_what_is_given_up_stays_as_it_stands(typed: bool) -> None:
    """Also where its patch is still under way: it is typed to its end, and nothing behind it."""
    screen = Screen(Session())
    screen.feed(Started())
    screen.feed(SpeechStarted(0, 0))
    screen.feed(draft(0, 1, "the quick brown fox", pause=True))
    if typed:
        screen.type_all()
    screen.feed(Cancelled(keep=True))
    screen.feed(draft(0, 2, "the quick brown fox jumps", pause=True))
    screen.type_all()
    assert screen.text == screen.session.text == "the quick brown fox"
    assert screen.erased == 0
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


def test_a_confirmation_in_mid_speech_leaves_out_what_its_window_may_have_cut() -> None:
    def after(segment: TranscriptSegment) -> str:
        return "".join(Utterance(0).corrected(segment).confirmed)

    assert after(confirmed(0, 1, "replied")) == ""
    assert after(confirmed(0, 1, "replied he")) == "replied"
    assert after(confirmed(0, 1, "replied he of a")) == "replied he"
    assert after(confirmed(0, 1, "replied he", pause=True)) == "replied he"
    verified = confirmed(0, 1, "replied he of a", verified=True)
    sure, unsure = (
        (0.9, 0.9, 0.9, newest) for newest in (agreement.SURE_NEWEST, agreement.SURE_NEWEST - 0.1)
    )
    assert after(replace(verified, probabilities=sure)) == "replied he of a"
    assert after(replace(verified, probabilities=unsure)) == "replied he of"


WORDS = st.lists(st.sampled_from(["the", "quick", "fox", "Fox,", "naïve", "東京", "🙂", "don't"]), max_size=6)
SAID = WORDS.map(" ".join)


@st.composite
def dictations(draw: st.DrawFn, texts: st.SearchStrategy[str] = SAID) -> list[Event]:
    """Up to three utterances whose segments come in any order, with all that can come between."""
    happenings: list[Event] = []
    finals: list[Event] = []
    for n in range(draw(st.integers(1, 3))):
        mine: list[Event] = [SpeechStarted(n, n * 10), SpeechEnded(n, n * 10 + 9)]
        segments: list[Event] = [
            draft(
                n,
                draw(st.integers(n * 10, n * 10 + 9)),
                said := draw(texts),
                pause=draw(st.booleans()),
                phrase=draw(st.integers(0, 1)),
                sure=tuple(draw(st.floats(0, 1)) for _ in split(said)) if draw(st.booleans()) else (),
            )
            if draw(st.booleans())
            else confirmed(n, draw(st.integers(n * 10, n * 10 + 9)), draw(texts), pause=draw(st.booleans()))
            for _ in range(draw(st.integers(0, 6)))
        ]
        happenings += mine[:1] + segments + mine[1:]
        end: Event = (
            Unconfirmed(n)
            if draw(st.integers(0, 5)) == 0
            else confirmed(n, n * 10 + 9, draw(texts), final=True)
        )
        finals.append(end)
    later = draw(st.permutations(finals))
    for end in later:  # a last confirmation comes at any time after its utterance began
        utterance = end.utterance if isinstance(end, TranscriptSegment | Unconfirmed) else 0
        began = happenings.index(SpeechStarted(utterance, utterance * 10))
        happenings.insert(draw(st.integers(began + 1, len(happenings))), end)
    return [*happenings, Stopped()]


def dictated(happenings: list[Event], patching: Patching, typed: list[bool]) -> Screen:
    """The screen at the end; `typed`: after which happenings the typist gets to type."""
    screen = Screen(Session(patching), before="theirs: ")
    screen.feed(Started(terms=Terms(erasing=Erasing.EXACT)))
    for event, types in zip(happenings, typed, strict=True):
        sealed = screen.session.done
        screen.feed(event)
        if types:
            screen.type_all()
        assert screen.session.done.startswith(sealed)
        assert screen.text.startswith("theirs: " + screen.session.done)
    screen.type_all()
    return screen


def keys(text: str) -> list[str]:
    return [key(word) for word in split(text)]


def of(happenings: list[Event], utterance: int) -> list[TranscriptSegment]:
    """The segments of an utterance up to its end."""
    mine = [e for e in happenings if isinstance(e, TranscriptSegment) and e.utterance == utterance]
    end = next((n for n, e in enumerate(mine) if e.final), len(mine))
    return mine[: end + 1]


@settings(max_examples=300, deadline=None)
@given(dictations(), st.data())
def test_the_screen_ends_the_same_however_it_is_mended(happenings: list[Event], data: st.DataObject) -> None:
    typed = [data.draw(st.booleans()) for _ in happenings]
    screens = [dictated(happenings, patching, typed) for patching in Patching]
    for screen in screens:
        assert screen.session.finished
        assert screen.text == "theirs: " + screen.session.text
    assert len({screen.text for screen in screens}) == 1


@settings(max_examples=300, deadline=None)
@given(dictations(), st.sampled_from(Patching), st.data())
def test_the_screen_ends_as_the_confirmed_texts(
    happenings: list[Event], patching: Patching, data: st.DataObject
) -> None:
    """The last confirmation is the text where it is worth its keys, as it is of a few words."""
    text = dictated(happenings, patching, [data.draw(st.booleans()) for _ in happenings]).session.text
    started = [e.utterance for e in happenings if isinstance(e, SpeechStarted)]
    said = [segment for n in started for segment in of(happenings, n)]
    heard = {word for segment in said for word in keys(segment.text)}
    assert set(keys(text)) <= heard
    ends = [of(happenings, n)[-1:] for n in started]
    if not any(isinstance(e, Unconfirmed) for e in happenings):
        assert keys(text) == [word for (end,) in ends for word in keys(end.text)]


@given(st.lists(SAID, min_size=1, max_size=3), st.sampled_from(Patching))
def test_a_confirmation_alone_is_the_text(texts: list[str], patching: Patching) -> None:
    """Letter for letter, where nothing stood before it."""
    happenings: list[Event] = []
    for n, text in enumerate(texts):
        happenings += [SpeechStarted(n, n), confirmed(n, n, text, final=True), SpeechEnded(n, n)]
    screen = dictated([*happenings, Stopped()], patching, [True] * (len(happenings) + 1))
    assert "".join(screen.session.text.split()) == "".join("".join(texts).split())
    assert screen.text == "theirs: " + screen.session.text


@settings(max_examples=300)
@given(st.lists(st.tuples(st.booleans(), SAID, st.booleans()), max_size=7), SAID)
def test_what_a_confirmation_does_to_an_utterance(said: list[tuple[bool, str, bool]], last: str) -> None:
    known = Utterance(0)
    for n, (is_draft, text, pause) in enumerate(said):
        before, heavy = known, confirmed(0, n, text, pause=pause)
        known = known.drafted(draft(0, n, text, pause=pause)) if is_draft else known.corrected(heavy)
        reached = known.standing[: len(known.confirmed)]
        assert [*map(key, reached)] == [*map(key, known.confirmed)]
        if is_draft:
            assert known.confirmed == before.confirmed
    end = known.corrected(confirmed(0, len(said), last, final=True))
    assert end.final
    assert end.standing == end.confirmed
    assert end.corrected(confirmed(0, 99, "later", final=True)) == end
    assert end.drafted(draft(0, 99, "later", pause=True)) == end


def test_what_stands_of_an_utterance_is_told_whatever_is_sealed_of_it() -> None:
    screen = Screen(Session(Patching.WINDOW))
    screen.feed(Started())
    assert screen.session.standing(0) == Standing()
    screen.feed(SpeechStarted(0, 0))
    screen.feed(draft(0, 1, "the quick brown", pause=True))
    screen.type_all()
    screen.feed(UserTyped())
    screen.feed(SpeechStarted(1, 10))
    screen.feed(draft(1, 11, "fox jumps", pause=True))
    assert screen.session.standing(0) == Standing("the quick brown", 0)
    assert screen.session.standing(1) == Standing("fox jumps", 0)
    screen.type_all()
    screen.feed(confirmed(0, 1, "the quick brown", pause=True))
    assert screen.session.standing(0) == Standing("the quick brown", 3)
    screen.feed(confirmed(0, 2, "the quick brown", final=True))
    screen.type_all()
    assert screen.session.standing(0) == Standing()  # it is closed
    assert screen.session.standing(7) == Standing()


def said(*segments: TranscriptSegment) -> Session:
    """After these, of two utterances at most."""
    session = Session()
    happenings: list[Event] = [SpeechStarted(0, 0), SpeechStarted(1, 0), *segments]
    for event in happenings:
        session, _ = step(session, event)
    return session


def held_back(window_id: int) -> TranscriptSegment:
    return draft(1, window_id, "hello word this is", sure=(1.0, agreement.SURE_TWICE / 2, 1.0, 1.0))


def test_what_is_held_back_is_judged_too() -> None:
    assert said(held_back(1)).standing(1) == Standing("hello word this is", 0)
    heard = said(held_back(1), confirmed(1, 1, "hello word", pause=True), held_back(2))
    assert heard.standing(1) == Standing("hello word this is", 2)


def test_nobody_vouches_for_words_that_are_all_held_back() -> None:
    doubted = draft(1, 1, "oops", sure=(agreement.SURE_FIRST / 2,))
    assert said(doubted).standing(1) == Standing("oops", 0, vouched=False)
    assert said(doubted, confirmed(1, 2, "oops", pause=True)).standing(1) == Standing("oops", 1)


def test_a_word_that_is_held_back_leaves_doubts_until_the_heavy_model_has_heard_it() -> None:
    certain = draft(1, 1, "hello there", pause=True)
    heard = confirmed(1, 1, "hello word", pause=True)
    assert not Session().doubtful
    assert not said().doubtful
    assert not said(certain).doubtful
    assert said(held_back(1)).doubtful
    assert said(confirmed(1, 0, "hello"), held_back(1)).doubtful
    assert not said(held_back(1), heard).doubtful
    assert not said(held_back(1), confirmed(1, 1, "hello")).doubtful  # which says it is not sure of the rest
    assert said(held_back(1), heard, held_back(2)).doubtful
    assert not said(held_back(1), confirmed(1, 3, "hello word", final=True)).doubtful


def test_an_utterance_that_is_over_leaves_no_doubts() -> None:
    assert not said(replace(held_back(1), utterance=0)).doubtful


def test_a_mend_that_gains_nothing_is_not_made() -> None:
    drafted = draft(1, 1, "I saw a ship", pause=True)
    for gain, text in ((0.0, "I saw a ship"), (1.0, "I saw a sheep")):
        mended = confirmed(1, 1, "I saw a sheep", pause=True, gains=(0.0, 0.0, 0.0, gain))
        assert said(drafted, mended).text == text


INTRUSIONS: st.SearchStrategy[Event] = st.sampled_from(
    [UserTyped(), FocusChanged(ours=False), FocusChanged(ours=True), Cancelled(), Cancelled(keep=True)]
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
