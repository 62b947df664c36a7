"""Spoken commands: what they do, told as scenarios; and what holds whatever is said in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import Screen
from tests.test_session import confirmed, dictations, draft, events
from voicetype.core import patch
from voicetype.core.commands import Listening
from voicetype.core.events import (
    Cancelled,
    Erasing,
    Event,
    FocusChanged,
    NewLine,
    PatchApplied,
    Patching,
    Showing,
    SpeechStarted,
    Started,
    Terms,
    TranscriptSegment,
    Unconfirmed,
    UserTyped,
)
from voicetype.core.rewriting import Rules
from voicetype.core.session import Session, step
from voicetype.core.vocabulary import Terms as OwnWords
from voicetype.core.vocabulary import Vocabulary
from voicetype.keyboard.composing import Composed, change

ALL = Rules(Listening.ALL, "en")
CLEAR = Rules(Listening.CLEAR, "en")


def on(rules: Rules, *, erasing: Erasing = Erasing.EXACT, new_lines: bool = True, **more: object) -> Terms:
    breaks = NewLine.SHIFT_RETURN if new_lines else None
    return Terms(erasing=erasing, new_lines=breaks, rules=rules, **more)  # type: ignore[arg-type]


def told(rules: Rules, *utterances: str, terms: Terms | None = None) -> str:
    """What stands once utterances are said, one after the other, each heard by the heavy model alone."""
    screen = Screen(Session())
    screen.feed(Started(terms=terms or on(rules)))
    for n, text in enumerate(utterances):
        screen.feed(SpeechStarted(n, n))
        screen.feed(confirmed(n, n, text, final=True))
        screen.type_all()
    assert screen.text == screen.session.text
    return screen.text


class Seen(Screen):
    """A screen that looks at each moment."""

    def feed(self, event: Event) -> None:
        before = self.session
        super().feed(event)
        now = self.session
        pieces = "".join(each.piece for each in now.closed)
        assert now.done.endswith(pieces)
        assert len(now.done) - len(pieces) >= now.ours_from or not now.closed
        if not now.done.startswith(before.done):
            assert any(each.commands for each in (*now.utterances, *(each.utterance for each in now.closed)))
        assert now.done.startswith(before.done[: before.ours_from])


WRITTEN = {
    # as models write what is said: with signs, capitals and hyphens of their own
    ("en", "Hello Peter, comma, how are you? Question mark."): "Hello Peter, how are you?",
    ("en", "hello peter comma How are you"): "hello peter, how are you",
    ("en", "Hello. Comma. Peter."): "Hello, Peter.",
    ("en", "This is it full stop and that is not period"): "This is it. And that is not.",
    ("en", "Buy some milk. New line. Buy some eggs."): "Buy some milk.\nBuy some eggs.",
    ("en", "Buy some milk, new-line, buy some eggs"): "Buy some milk\nBuy some eggs",
    ("en", "Newline one newline two."): "\nOne\nTwo.",
    ("en", "That's it. New paragraph. Next."): "That's it.\n\nNext.",
    ("en", "It is new. Line five says so."): "It is new. Line five says so.",
    ("en", "He said, open quote, good morning, close quote, and left."): 'He said "good morning" and left.',
    ("en", "so called quote experts unquote said"): 'so called "experts" said',
    ("en", "see open bracket below close bracket full stop"): "see [below].",
    ("en", "see open parenthesis below close parenthesis comma fine"): "see (below), fine",
    ("en", "wait exclamation mark stop exclamation point"): "wait! Stop!",
    ("en", "three things colon one semicolon two semi-colon three"): "three things: one; two; three",
    ("en", "well hyphen known dash and good ellipsis"): "well-known – and good…",
    ("en", "my name is caps smith"): "my name is Smith",
    ("en", "an all caps warning no caps Here"): "an all caps warning here",  # behind an article it is words
    ("en", "use all caps warning no caps Here"): "use WARNING here",
    ("en", "caps on the great escape caps off is a film"): "The Great Escape is a film",
    ("en", "all caps on keep out all caps off please"): "KEEP OUT please",
    ("en", "a literal comma, and a comma, and the period"): "a literal comma, and a comma, and the period",
    ("en", "type literal comma here"): "type comma here",
    ("en", "say literal new line twice"): "say new line twice",
    ("en", "I like cats, scratch that, I like dogs."): "I like dogs.",
    ("en", "one. Scratch that. Undo that."): "one.",
    ("en", "version 3 dot 5 dot"): "version 3 dot 5.",
    ("en", "that is all, stop dictation, hey Bob"): "that is all",
    ("de", "Hallo Peter, Komma, wie geht es dir? Fragezeichen."): "Hallo Peter, wie geht es dir?",
    (
        "de",
        "Milch kaufen. Neue Zeile. Eier kaufen. Neuer Absatz. Ende.",
    ): "Milch kaufen.\nEier kaufen.\n\nEnde.",
    (
        "de",
        "Er sagte Doppelpunkt Anführungszeichen auf Hallo Anführungszeichen zu Punkt",
    ): "Er sagte: „Hallo“.",
    ("de", "Wörtlich Komma schreiben"): "Komma schreiben",
    ("de", "der Punkt ist das Komma Punkt"): "der Punkt ist das Komma.",
    ("de", "Das ist falsch. Streich das. Das ist richtig."): "Das ist richtig.",
    ("fr", "Bonjour, virgule, comment vas-tu ? Point d'interrogation."): "Bonjour, comment vas-tu ?",
    ("fr", "du lait à la ligne des œufs nouveau paragraphe fin"): "du lait\nDes œufs\n\nFin",
    ("fr", "il dit deux points ouvrez les guillemets bonjour fermez les guillemets"): "il dit : « bonjour »",
    ("fr", "un point, littéralement point"): "un point, point",
    ("es", "Hola, coma, ¿qué tal? Signo de interrogación."): "Hola, ¿qué tal?",
    ("es", "abrir interrogación qué tal cerrar interrogación"): "¿qué tal?",
    ("es", "leche nueva línea huevos punto y aparte fin"): "leche\nHuevos.\n\nFin",
    ("es", "dijo dos puntos abrir comillas hola cerrar comillas punto"): "dijo: «hola».",
}
"""Language and what the heavy model says -> what is typed."""


@pytest.mark.parametrize(("language", "said"), WRITTEN)
def test_what_is_written(language: str, said: str) -> None:
    assert told(Rules(Listening.ALL, language), said) == WRITTEN[language, said]


UTTERANCES = {
    ("Hello Peter.", "Comma.", "How are you?"): "Hello Peter, how are you?",
    ("Dear Peter,", "New line.", "thanks for it."): "Dear Peter,\nThanks for it.",
    ("Quote.", "Hello.", "Unquote."): '"Hello"',
    ("One.", "Two.", "Scratch that."): "One.",
    ("One.", "Two.", "Three.", "Scratch that.", "Scratch that."): "One.",
    ("One.", "Two.", "Scratch that.", "Undo that."): "One. Two.",
    ("One.", "Two.", "Undo that."): "One.",
    ("One.", "Two.", "Scratch that.", "Three.", "Undo that."): "One.",
    ("One.", "Two.", "Scratch that.", "Three."): "One. Three.",
    ("One", "comma", "Scratch that.", "Two"): "One Two",
    ("One.", "New line.", "Scratch that.", "Two"): "One. Two",
    ("One.", "Two.", "Scratch that three."): "One. three.",
    ("One.", "Two.", "Scratch that. Undo that."): "One. Two.",
    ("One.", "Stop dictation.", "Two."): "One.",
    ("caps", "smith"): "Smith",
    ("all caps on", "one", "two all caps off three"): "ONE TWO three",
}
"""What is said, an utterance each -> what is typed."""


AMONG_OTHERS = {
    ("One.", "Two.", "Scratch that three."),
    ("all caps on", "one", "two all caps off three"),
}
"""Of those, some whose commands are not said alone."""


@pytest.mark.parametrize("said", UTTERANCES)
def test_what_reaches_from_one_utterance_into_another(said: tuple[str, ...]) -> None:
    assert told(ALL, *said) == UTTERANCES[said]
    assert (told(CLEAR, *said) == UTTERANCES[said]) is (said not in AMONG_OTHERS)


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("It was a long period.", "It was a long period."),
        ("He couldn't undo that.", "He couldn't undo that."),
        ("Dash it all, period.", "Dash it all, period."),
        ("Milk, new line, eggs, comma, bread", "Milk\nEggs, comma, bread"),
        ("We opened a new line of products.", "We opened a new line of products."),
        ("Period.", "."),
        ("Full stop. New paragraph.", ".\n\n"),
    ],
)
def test_what_is_clear(said: str, typed: str) -> None:
    assert told(CLEAR, said) == typed


def test_commands_are_words_where_nobody_wants_them() -> None:
    said = "Hello comma new line scratch that."
    assert told(Rules(Listening.OFF, "en"), said) == said
    assert told(Rules(Listening.ALL, "pt"), said) == said
    assert told(Rules(Listening.ALL, "auto"), said) == said


def test_the_language_is_the_one_that_was_heard() -> None:
    screen = Screen(Session())
    screen.feed(Started(terms=on(Rules(Listening.ALL, "auto"))))
    for n, (language, said) in enumerate(
        [("de", "gut Komma nein"), ("en", "gut Komma fine comma"), ("", "a, comma")]
    ):
        screen.feed(SpeechStarted(n, n))
        screen.feed(
            TranscriptSegment(n, said, confirmed(n, n, "").confidence, n, final=True, language=language)
        )
        screen.type_all()
    assert screen.text == "gut, nein gut Komma fine, a, comma"


# ── scenarios ────────────────────────────────────────────────────────────────────────────────────

# As those of `tests.test_session`; "⏎" stands for a line break.
SCENARIOS = {
    "a sign": """
        say 0
        draft* 0 1 hello peter comma                | hello peter
        draft* 0 2 hello peter comma how are you    | hello peter
        confirmed* 0 2 Hello Peter, comma, how are you | Hello Peter, how are you   erased 11
        draft* 0 3 hello peter comma how are you today | Hello Peter, how are you today
        final 0 4 Hello Peter, comma, how are you today? | Hello Peter, how are you today? erased 11
    """,
    "a new line": """
        say 0
        draft* 0 1 milk                             | milk
        draft* 0 2 milk new                         | milk
        draft* 0 3 milk new line eggs               | milk
        final 0 4 Milk, new line, eggs.             | Milk⏎Eggs.                     erased 4
    """,
    "what begins like a command and is none": """
        say 0
        draft* 0 1 the old and new                  | the old and
        draft* 0 2 the old and new world            | the old and new world
        final 0 3 the old and new world             | the old and new world          erased 0
    """,
    "scratch that, of an utterance that is sealed": """
        say 0
        final 0 1 One.                              | One.
        say 1
        final 1 2 Two three.                        | One. Two three.
        say 2
        draft* 2 3 scratch that                     | One. Two three.
        final 2 4 Scratch that.                     | One.                           erased 11
        say 3
        final 3 5 Four.                             | One. Four.                     erased 11
    """,
    "scratch that, said in the same breath": """
        say 0
        draft* 0 1 i like cats scratch that i like dogs | i like cats
        final 0 2 I like cats. Scratch that. I like dogs. | I like dogs.             erased 11
    """,
    "undo that brings back what was scratched": """
        say 0
        final 0 1 One.                              | One.
        say 1
        final 1 2 Two.                              | One. Two.
        say 2
        final 2 3 Scratch that.                     | One.                           erased 5
        say 3
        draft* 3 4 undo that                        | One.                           erased 5
        final 3 5 Undo that.                        | One. Two.                      erased 5
    """,
    "the heavy model thinks better of it": """
        say 0
        final 0 1 One.                              | One.
        say 1
        confirmed* 1 2 Scratch that                 |                                erased 4
        final 1 3 Scratched hat.                    | One. Scratched hat.            erased 4
    """,
    "no command without the heavy model": """
        say 0
        draft* 0 1 hello comma new line             | hello
        unconfirmed 0                               | hello comma new line           erased 0
    """,
    "what the heavy model has said before it failed is a command": """
        say 0
        confirmed* 0 1 hello comma you              | hello, you
        draft* 0 2 hello comma you comma            | hello, you
        unconfirmed 0                               | hello, you comma               erased 0
    """,
    "stop dictation, and what is said behind it": """
        say 0
        final 0 1 One.                              | One.
        say 1
        say 2
        draft* 2 3 hey bob                          | One. hey bob
        final 1 4 Stop dictation.                   | One.                           erased 8
        final 2 5 Hey Bob.                          | One.                           erased 8
    """,
    "scratch that, where the user has typed since": """
        say 0
        final 0 1 One.                              | One.
        key                                         | One.
        say 1
        final 1 2 Scratch that.                     | One.                           erased 0
    """,
    "a key behind what was scratched": """
        say 0
        draft* 0 1 cats                             | cats
        confirmed* 0 2 cats scratch that dogs       | dogs                           erased 4
        key                                         | dogs
        final 0 3 cats scratch that dogs bark       | dogs bark                      erased 4
    """,
    "scratch that, where the utterance before is not ours any more": """
        say 0
        draft* 0 1 cats                             | cats
        key                                         | cats
        say 1
        final 1 2 Scratch that.                     | cats                           erased 0
        final 0 3 cats purr                         | cats purr                      erased 0
    """,
    "scratch that, where a part can't be taken back": """
        say 0
        draft* 0 1 cats and birds                   | cats and birds
        key                                         | cats and birds
        draft* 0 2 cats and birds purr              | cats and birds purr
        final 0 3 cats and birds purr scratch that dogs | cats and birds purr dogs   erased 0
    """,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    screen = Screen(Session())
    screen.feed(Started(terms=on(ALL)))
    for line in filter(str.strip, SCENARIOS[name].splitlines()):
        action, bar, expected = line.partition("|")
        for event in events(action.split()):
            screen.feed(event)
            screen.type_all()
        wanted, _, erased = expected.partition("erased")
        if bar:
            assert screen.text.replace("\n", "⏎") == wanted.strip(), line
            assert screen.erased == int(erased or screen.erased), line


def test_a_command_that_the_drafts_misheard_is_worth_its_keys() -> None:
    """However far back it was said; another word is not."""
    behind = "and so it goes on and on until nobody knows any more what was said when it all began"
    for heavy, typed in (("the calm comma", "the calm,"), ("the calm summer", "the karma summer")):
        screen = Screen(Session())
        screen.feed(Started(terms=on(ALL)))
        screen.feed(SpeechStarted(0, 0))
        screen.feed(draft(0, 1, f"the karma summer {behind}", pause=True))
        screen.type_all()
        screen.feed(confirmed(0, 2, f"{heavy} {behind}", final=True))
        screen.type_all()
        assert screen.text == f"{typed} {behind}"


def fed(terms: Terms, *happenings: Event) -> Seen:
    """The screen after these, each typed at once."""
    screen = Seen(Session())
    for event in (Started(terms=terms), *happenings):
        screen.feed(event)
        screen.type_all()
    return screen


def test_what_the_heavy_model_does_not_say_is_no_command() -> None:
    """Also where its own word is not worth the keys."""
    heavy = confirmed(0, 2, "hello coma", pause=True, gains=(0.0, 0.0))
    assert (
        fed(on(ALL), SpeechStarted(0, 0), draft(0, 1, "hello comma", pause=True), heavy).text == "hello comma"
    )


def test_what_may_be_said_alone_waits_for_more() -> None:
    screen = fed(on(CLEAR), SpeechStarted(0, 0), draft(0, 1, "comma", pause=True))
    assert screen.text == ""
    screen.feed(draft(0, 2, "comma splices abound", pause=True))
    screen.type_all()
    assert screen.text == "comma splices abound"


@pytest.mark.parametrize(
    ("said", "stands"),
    [("stop", ""), ("stop dictation", ""), ("stop it", "stop it"), ("I say stop", "I say stop")],
)
def test_what_begins_like_a_command_that_is_said_alone_waits(said: str, stands: str) -> None:
    assert fed(on(CLEAR), SpeechStarted(0, 0), draft(0, 1, said, pause=True)).text == stands


def test_what_waits_for_the_heavy_model_is_doubtful_and_not_lost() -> None:
    for terms in (on(ALL), on(ALL, showing=Showing.FINAL)):
        session = fed(terms, SpeechStarted(0, 0), draft(0, 1, "hello comma you", pause=True)).session
        assert session.heard == "hello comma you"
    session = fed(on(ALL), SpeechStarted(0, 0), draft(0, 1, "hello comma you", pause=True)).session
    assert session.doubtful
    assert not step(session, confirmed(0, 1, "hello comma you", pause=True))[0].doubtful


@pytest.mark.parametrize(("depth", "stands"), [(20, ""), (0, "long " * 10 + "long")])
def test_what_is_scratched_may_be_longer_than_a_correction(depth: int, stands: str) -> None:
    said = confirmed(0, 1, "long " * 10 + "long", final=True)
    scratch = confirmed(1, 2, "Scratch that.", final=True)
    screen = fed(on(ALL, depth=depth), SpeechStarted(0, 0), said, SpeechStarted(1, 1), scratch)
    assert screen.text == stands
    assert screen.session.refused == (stands != "")


def test_a_line_break_is_never_preedit() -> None:
    heavy = confirmed(0, 1, "milk new line eggs", pause=True)
    screen = fed(on(ALL, preedit=True), SpeechStarted(0, 0), heavy)
    assert screen.text == "milk\nEggs"
    assert screen.session.draft == len("Eggs")


def test_what_stands_behind_what_can_not_be_changed_is_reached_no_more() -> None:
    first = confirmed(0, 1, "One.", final=True)
    drafts = draft(1, 2, "quick brown fax", pause=True), confirmed(1, 3, "slow brown fox", pause=True)
    screen = fed(on(ALL, depth=5), SpeechStarted(0, 0), first, SpeechStarted(1, 1), *drafts)
    assert screen.text == "One. quick brown fox"
    assert screen.session.closed == ()


# ── whatever is said ─────────────────────────────────────────────────────────────────────────────

WORDS = ["quick", "fox,", "Fox.", "naïve", "東京", "comma", "new", "line", "New-line.", "scratch", "that"]
COMMANDS = [
    "comma",
    "full stop.",
    "new line",
    "quote",
    "caps",
    "hyphen",
    "scratch that",
    "undo that",
    "literal",
]
SAID = st.lists(st.sampled_from(WORDS + COMMANDS), max_size=6).map(" ".join)
RULES = st.builds(
    Rules,
    st.sampled_from([Listening.ALL, Listening.CLEAR]),
    st.just("en"),
    st.sampled_from(
        [Vocabulary(), Vocabulary(OwnWords(replacements=(("quick fox", "Quickfox"), ("new", "neo"))))]
    ),
)


def dictated(happenings: list[Event], terms: Terms, patching: Patching, typed: list[bool]) -> Screen:
    """The screen at the end; `typed`: after which happenings the typist gets to type."""
    screen = Seen(Session(patching), before="theirs: ")
    screen.feed(Started(terms=terms))
    for event, types in zip(happenings, typed, strict=True):
        screen.feed(event)
        if types:
            screen.type_all()
    screen.type_all()
    return screen


def at_once(happenings: list[Event], terms: Terms) -> str:
    """What the last words of each utterance come to, known from the beginning to be the last."""
    session = step(Session(), Started(terms=terms))[0]
    for event in happenings:
        session = step(session, event)[0]
    return session.text


@settings(max_examples=150, deadline=None)
@given(dictations(SAID), RULES, st.booleans(), st.data())
def test_the_screen_ends_as_the_rewritten_text(
    happenings: list[Event], rules: Rules, new_lines: bool, data: st.DataObject
) -> None:
    """However it came about, and nothing is held back for ever."""
    terms = on(rules, new_lines=new_lines)
    typed = [data.draw(st.booleans()) for _ in happenings]
    screens = [dictated(happenings, terms, patching, typed) for patching in Patching]
    for screen in screens:
        assert screen.session.finished
        assert screen.text == "theirs: " + screen.session.text.lstrip(" ")
        assert screen.session.text == at_once(happenings, terms)
        assert new_lines or "\n" not in screen.text


INTRUSIONS: st.SearchStrategy[Event] = st.sampled_from(
    [UserTyped(), FocusChanged(ours=False), FocusChanged(ours=True), Cancelled(), Cancelled(keep=True)]
)

TERMS = st.builds(
    on,
    RULES,
    erasing=st.sampled_from(Erasing),
    new_lines=st.booleans(),
    depth=st.sampled_from([0, 3, 200]),
    showing=st.sampled_from(Showing),
    preedit=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(dictations(SAID), TERMS, st.sampled_from(Patching), st.data())
def test_no_patch_reaches_into_what_is_not_ours(
    happenings: list[Event], terms: Terms, patching: Patching, data: st.DataObject
) -> None:
    """Whatever is commanded, and whatever comes between, no more is erased than we typed since."""
    screen = Seen(Session(patching), before="theirs: ")
    screen.feed(Started(terms=terms))
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
                fixed = screen.text[: len(screen.text) - screen.session.draft]
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


@settings(max_examples=150, deadline=None)
@given(dictations(SAID), TERMS, st.data())
def test_every_patch_keeps_to_the_terms(happenings: list[Event], terms: Terms, data: st.DataObject) -> None:
    """But for the depth, which is none for what the user scratches."""
    screen = Seen(Session(), before="theirs: ")
    screen.feed(Started(terms=terms))
    standing = Composed()
    for event in [*happenings, None]:
        if event is not None:
            screen.feed(event)
        while screen.waiting and (event is None or data.draw(st.booleans())):
            made = screen.waiting.pop(0)
            standing, done = change(standing, made)
            assert terms.erasing is not Erasing.NONE or not done.delete
            assert terms.depth or not done.delete
            assert terms.erasing is not Erasing.KEYS or patch.simple(done.delete)
            assert terms.preedit or not standing.preedit
            assert "\n" not in standing.preedit
            assert terms.new_lines or "\n" not in made.text
            screen.text = patch.apply(screen.text, made)
            screen.feed(PatchApplied())
    assert screen.session.finished
    assert screen.text == f"theirs: {screen.session.text.lstrip(' ')}"


DRAFTED = st.lists(
    st.sampled_from(["quick", "fox", "naïve", "comma", "new line", "question mark"]), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(st.lists(DRAFTED, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_a_commands_words_never_flash(said: list[list[str]], pause: bool, confirms: bool) -> None:
    """Neither as drafts, nor once the heavy model has heard them."""
    screen = Screen(Session())
    screen.feed(Started(terms=on(ALL)))
    window = 0
    for n, words in enumerate(said):
        screen.feed(SpeechStarted(n, n))
        for reached in range(1, len(words) + 1):
            window += 1
            text = " ".join(words[:reached])
            screen.feed(draft(n, window, text, pause=pause))
            screen.type_all()
            if confirms:
                screen.feed(confirmed(n, window, text, pause=pause))
                screen.type_all()
            assert not {"comma", "line", "question", "mark"} & set(screen.text.split()), screen.text
        window += 1
        screen.feed(confirmed(n, window, " ".join(words), final=True))
        screen.type_all()
        assert not {"comma", "new", "line", "question", "mark"} & set(screen.text.split()), screen.text


@settings(max_examples=100, deadline=None)
@given(st.lists(DRAFTED, min_size=1, max_size=4))
def test_where_no_heavy_model_is_every_word_is_typed(said: list[list[str]]) -> None:
    screen = Screen(Session())
    screen.feed(Started(terms=on(ALL)))
    for n, words in enumerate(said):
        screen.feed(SpeechStarted(n, n))
        screen.feed(draft(n, n, " ".join(words), pause=True))
        screen.type_all()
        screen.feed(Unconfirmed(n))
        screen.type_all()
    assert screen.text == " ".join(word for words in said for word in words)
