"""How each application is typed into, by what its window says of itself."""

from __future__ import annotations

import re

import pytest

from voicetype.core.events import Erasing, NewLine, Showing, Terms
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Purpose
from voicetype.policies import BUILT_IN, Policy, Ruling, allowed, new_line, ruling, terms

IN_PLACE, APPEND_ONLY, FINAL_ONLY, OFF = Policy
SHIFT_RETURN, RETURN = NewLine
SEVERAL, ONE, UNKNOWN = True, False, None


@pytest.mark.parametrize(
    ("app", "instance", "policy"),
    [
        ("Gedit", "gedit", IN_PLACE),
        ("org.gnome.TextEditor", "", IN_PLACE),
        ("Mousepad", "mousepad", IN_PLACE),
        ("firefox", "Navigator", IN_PLACE),
        ("Google-chrome", "google-chrome", IN_PLACE),
        ("Chromium", "chromium", IN_PLACE),
        ("thunderbird", "Mail", IN_PLACE),
        ("TelegramDesktop", "telegram-desktop", IN_PLACE),
        ("Slack", "slack", IN_PLACE),
        ("", "", IN_PLACE),
        ("XTerm", "xterm", APPEND_ONLY),
        ("UXTerm", "xterm", APPEND_ONLY),
        ("URxvt", "urxvt", APPEND_ONLY),
        ("Gnome-terminal", "gnome-terminal-server", APPEND_ONLY),
        ("org.gnome.Terminal", "", APPEND_ONLY),
        ("org.gnome.Console", "", APPEND_ONLY),
        ("org.gnome.Ptyxis", "", APPEND_ONLY),
        ("konsole", "konsole", APPEND_ONLY),
        ("org.kde.konsole", "", APPEND_ONLY),
        ("org.kde.yakuake", "", APPEND_ONLY),
        ("Xfce4-terminal", "xfce4-terminal", APPEND_ONLY),
        ("Alacritty", "Alacritty", APPEND_ONLY),
        ("kitty", "kitty", APPEND_ONLY),
        ("foot", "", APPEND_ONLY),
        ("footclient", "", APPEND_ONLY),
        ("com.mitchellh.ghostty", "", APPEND_ONLY),
        ("org.wezfurlong.wezterm", "", APPEND_ONLY),
        ("st-256color", "st-256color", APPEND_ONLY),
        ("Tilix", "tilix", APPEND_ONLY),
        ("Code", "code", APPEND_ONLY),
        ("code-oss", "code-oss", APPEND_ONLY),
        ("Code - Insiders", "code - insiders", APPEND_ONLY),
        ("VSCodium", "vscodium", APPEND_ONLY),
        ("jetbrains-pycharm-ce", "jetbrains-pycharm-ce", APPEND_ONLY),
        ("jetbrains-studio", "sun-awt-X11-XFramePeer", APPEND_ONLY),
        ("Eclipse", "Eclipse", APPEND_ONLY),
        ("QtCreator", "qtcreator", APPEND_ONLY),
        ("org.qt-project.qtcreator", "", APPEND_ONLY),
        ("org.kde.kate", "", APPEND_ONLY),
        ("Emacs", "emacs", APPEND_ONLY),
        ("Sublime_text", "sublime_text", APPEND_ONLY),
        ("dev.zed.Zed", "", APPEND_ONLY),
        ("obsidian", "obsidian", APPEND_ONLY),
        ("libreoffice-writer", "libreoffice", APPEND_ONLY),
        ("libreoffice-calc", "libreoffice", APPEND_ONLY),
        ("Gnumeric", "gnumeric", APPEND_ONLY),
        ("org.remmina.Remmina", "org.remmina.Remmina", FINAL_ONLY),
        ("xfreerdp", "xfreerdp", FINAL_ONLY),
        ("Vncviewer", "vncviewer", FINAL_ONLY),
        ("Virt-viewer", "virt-viewer", FINAL_ONLY),
        ("VirtualBox Machine", "VirtualBox Machine", FINAL_ONLY),
        ("Qemu-system-x86_64", "qemu-system-x86_64", FINAL_ONLY),
        ("org.gnome.Boxes", "", FINAL_ONLY),
        ("Rustdesk", "rustdesk", FINAL_ONLY),
        ("Anydesk", "anydesk", FINAL_ONLY),
        ("TeamViewer", "TeamViewer", FINAL_ONLY),
        ("Rofi", "rofi", FINAL_ONLY),
        ("dmenu", "dmenu", FINAL_ONLY),
        ("krunner", "krunner", FINAL_ONLY),
        ("Ulauncher", "ulauncher", FINAL_ONLY),
        ("albert", "albert", FINAL_ONLY),
        ("KeePassXC", "keepassxc", OFF),
        ("org.keepassxc.KeePassXC", "", OFF),
        ("Bitwarden", "bitwarden", OFF),
        ("com.bitwarden.desktop", "", OFF),
        ("1Password", "1password", OFF),
        ("org.gnome.seahorse.Application", "", OFF),
        ("Pinentry-gtk-2", "pinentry-gtk-2", OFF),
        ("org.gnupg.pinentry-qt", "", OFF),
        ("ssh-askpass", "ssh-askpass", OFF),
        ("ksshaskpass", "ksshaskpass", OFF),
        ("Gcr-prompter", "gcr-prompter", OFF),
        ("Polkit-gnome-authentication-agent-1", "polkit-gnome-authentication-agent-1", OFF),
        ("org.kde.polkit-kde-authentication-agent-1", "", OFF),
        ("kscreenlocker_greet", "kscreenlocker_greet", OFF),
        ("Mate-screensaver", "mate-screensaver", OFF),
    ],
)
def test_the_built_in_rules(app: str, instance: str, policy: Policy) -> None:
    assert ruling(Claim(app=app, instance=instance), {}).policy is policy


def test_a_pattern_is_in_lower_case_and_no_group_takes_it_from_another() -> None:
    for pattern, policy in BUILT_IN.items():
        assert pattern == pattern.lower()
        name = re.sub(r"[*?]", "x", pattern)
        assert ruling(Claim(app=name), {}) == Ruling(policy, pattern) or _before(pattern, name)


def _before(pattern: str, name: str) -> bool:
    """A rule of the same policy stands before: it holds as well."""
    found = ruling(Claim(app=name), {})
    order = list(BUILT_IN)
    return found.policy is BUILT_IN[pattern] and order.index(found.pattern) < order.index(pattern)


@pytest.mark.parametrize(
    ("claim", "rules", "expected"),
    [
        (Claim(app="kitty"), {"kitty": "in-place"}, Ruling(IN_PLACE, "kitty", own=True)),
        (Claim(app="KiTTY"), {"Ki*": "in-place"}, Ruling(IN_PLACE, "Ki*", own=True)),
        (Claim(app="A", instance="b"), {"b": "off"}, Ruling(OFF, "b", own=True)),
        # The first of the user's own holds.
        (Claim(app="gedit"), {"g*": "off", "gedit": "in-place"}, Ruling(OFF, "g*", own=True)),
        (Claim(app="gedit"), {"gedit": "in-place", "g*": "off"}, Ruling(IN_PLACE, "gedit", own=True)),
        (Claim(app="KeePassXC"), {"*": "final-only"}, Ruling(FINAL_ONLY, "*", own=True)),
        (Claim(), {"*": "final-only"}, Ruling(FINAL_ONLY, "*", own=True)),
        (Claim(app="x"), {"": "off"}, Ruling(IN_PLACE)),
        (Claim(), {"": "off"}, Ruling(OFF, "", own=True)),
        # A field of a program that no rule names.
        (Claim(app="x", purpose=Purpose.TERMINAL), {}, Ruling(APPEND_ONLY)),
        (Claim(app="x", purpose=Purpose.TERMINAL), {"x": "in-place"}, Ruling(IN_PLACE, "x", own=True)),
    ],
)
def test_the_users_rules_come_first(claim: Claim, rules: dict[str, str], expected: Ruling) -> None:
    assert ruling(claim, rules) == expected


EXACT, KEYS, NONE = Erasing
DRAFTS, STABLE, FINAL = Showing


@pytest.mark.parametrize(
    ("app", "claim", "wanted", "expected"),
    [
        ("gedit", Claim(), Terms(), Terms(DRAFTS, KEYS, 200)),
        ("gedit", Claim(), Terms(FINAL), Terms(FINAL, KEYS, 200)),
        ("gedit", Claim(), Terms(depth=7), Terms(DRAFTS, KEYS, 7)),
        ("gedit", Claim(erasing=EXACT, preedit=True), Terms(), Terms(DRAFTS, EXACT, 200, preedit=True)),
        # Drafts that can't be mended are not typed.
        ("gedit", Claim(), Terms(depth=0), Terms(STABLE, KEYS, 0)),
        ("gedit", Claim(erasing=NONE), Terms(), Terms(STABLE, NONE, 200)),
        ("gedit", Claim(erasing=NONE), Terms(FINAL), Terms(FINAL, NONE, 200)),
        ("gedit", Claim(erasing=NONE, preedit=True), Terms(), Terms(DRAFTS, NONE, 200, preedit=True)),
        ("kitty", Claim(), Terms(), Terms(STABLE, KEYS, 0)),
        ("kitty", Claim(), Terms(FINAL), Terms(FINAL, KEYS, 0)),
        # The program sees nothing of a preedit, and what is committed stands.
        ("kitty", Claim(erasing=EXACT, preedit=True), Terms(), Terms(DRAFTS, EXACT, 0, preedit=True)),
        ("remmina", Claim(), Terms(), Terms(FINAL, KEYS, 0)),
        ("remmina", Claim(erasing=EXACT, preedit=True), Terms(), Terms(FINAL, EXACT, 0, preedit=True)),
    ],
)
def test_terms(app: str, claim: Claim, wanted: Terms, expected: Terms) -> None:
    named = Claim(app=app, erasing=claim.erasing, preedit=claim.preedit)
    assert terms(named, wanted, {}) == expected


@pytest.mark.parametrize(
    ("claim", "rules", "sentence", "hint"),
    [
        (
            Claim(app="KeePassXC"),
            {},
            "voicetype does not type into KeePassXC.",
            'add a rule to the configuration: [typing.applications], "KeePassXC" = "final-only".',
        ),
        (
            Claim(app="Gedit"),
            {"g*": "off"},
            "voicetype does not type into Gedit.",
            'A rule of yours says so: typing.applications, "g*" = "off".',
        ),
        (Claim(), {"*": "off"}, "voicetype does not type into this application.", '"*" = "off"'),
        # No rule lets a password be typed.
        (
            Claim(app="firefox", purpose=Purpose.PASSWORD),
            {"firefox": "in-place"},
            "voicetype does not type into password fields.",
            "typing.applications",
        ),
    ],
)
def test_what_is_refused(claim: Claim, rules: dict[str, str], sentence: str, hint: str) -> None:
    for ask in (lambda: allowed(claim, rules), lambda: terms(claim, Terms(), rules)):
        with pytest.raises(KeyboardError) as refused:
            ask()
        assert refused.value.sentence == sentence
        assert hint in refused.value.hint


def test_what_the_hint_says_helps() -> None:
    claim = Claim(app="KeePassXC")
    with pytest.raises(KeyboardError) as refused:
        allowed(claim, {})
    found = re.search(r'"(.*)" = "(.*)"', refused.value.hint)
    assert found
    assert allowed(claim, {found[1]: found[2]}) is FINAL_ONLY


@pytest.mark.parametrize(
    ("app", "several_lines", "new_lines", "expected"),
    [
        # By what the field says of itself.
        ("Gedit", SEVERAL, {}, SHIFT_RETURN),
        ("Gedit", ONE, {}, None),
        ("Gedit", UNKNOWN, {}, None),
        ("", SEVERAL, {}, SHIFT_RETURN),
        ("", UNKNOWN, {}, None),
        ("soffice", SEVERAL, {}, SHIFT_RETURN),
        # By a rule of the user's, but for a field that says that it has one line.
        ("Gedit", UNKNOWN, {"gedit": "Return"}, RETURN),
        ("Gedit", SEVERAL, {"g*": "Return", "*": "off"}, RETURN),
        ("Gedit", SEVERAL, {"*": "off"}, None),
        ("Gedit", UNKNOWN, {"*": "Shift+Return"}, SHIFT_RETURN),
        ("Gedit", ONE, {"*": "Return"}, None),
        # Messengers, whatever they say; a user may know better.
        ("Slack", UNKNOWN, {}, SHIFT_RETURN),
        ("org.telegram.desktop", SEVERAL, {}, SHIFT_RETURN),
        ("Slack", ONE, {}, None),
        ("Slack", UNKNOWN, {"slack": "off"}, None),
        ("Slack", UNKNOWN, {"slack": "Return"}, RETURN),
        # A terminal is in them, or cells.
        ("Code", SEVERAL, {}, None),
        ("Code", SEVERAL, {"code": "Return"}, RETURN),
        ("libreoffice-calc", SEVERAL, {}, None),
        ("JupyterLab", SEVERAL, {}, None),
        ("wxmaxima", SEVERAL, {}, None),
        ("libreoffice-writer", SEVERAL, {}, SHIFT_RETURN),
        # Terminals, and what types an utterance once it is over.
        ("kitty", SEVERAL, {"*": "Return"}, None),
        ("kitty", UNKNOWN, {"kitty": "Shift+Return"}, None),
        ("Remmina", SEVERAL, {"*": "Return"}, None),
        ("Rofi", UNKNOWN, {"*": "Return"}, None),
        ("KeePassXC", SEVERAL, {"*": "Return"}, None),
    ],
)
def test_what_types_a_new_line(
    app: str, several_lines: bool | None, new_lines: dict[str, str], expected: NewLine | None
) -> None:
    claim = Claim(app=app, several_lines=several_lines)
    assert new_line(claim, {}, new_lines) is expected
    if app != "KeePassXC":
        assert terms(claim, Terms(), {}, new_lines).new_lines is expected


def test_a_terminal_has_no_new_line_whatever_the_rules_say_of_it() -> None:
    rules = {"*": "in-place"}
    assert new_line(Claim(app="kitty", several_lines=SEVERAL), rules, {"*": "Return"}) is None
    inside = Claim(app="Anything", purpose=Purpose.TERMINAL, several_lines=SEVERAL)
    assert new_line(inside, rules, {"*": "Return"}) is None
    password = Claim(purpose=Purpose.PASSWORD, several_lines=SEVERAL)
    assert new_line(password, rules, {"*": "Return"}) is None


def test_nor_has_an_application_that_is_typed_into_at_the_end() -> None:
    claim = Claim(app="Gedit", several_lines=SEVERAL)
    assert new_line(claim, {"gedit": "final-only"}, {"*": "Return"}) is None
    assert new_line(claim, {"gedit": "append-only"}, {"*": "Return"}) is RETURN
