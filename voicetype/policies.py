"""How each application is typed into: the user's own rules, then the built-in ones, then in-place. Pure.

Rules match the X11 WM_CLASS, either part of it, or the Wayland app id, with shell patterns, whatever the
case. A browser is typed into in place, its address bar too: the class does not tell one from the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from voicetype.core.events import Erasing, NewLine, Showing, Terms
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Purpose


class Policy(StrEnum):
    """What may be done in the windows of an application."""

    IN_PLACE = "in-place"  # drafts are typed, and mended where they stand
    APPEND_ONLY = "append-only"  # only stable text is typed, and nothing of it is erased
    FINAL_ONLY = "final-only"  # an utterance is typed once it is over, and nothing is erased
    OFF = "off"  # nothing is typed


NO_NEW_LINE = "off"
"""What a rule of the user's says instead of a `NewLine`: in this application there is none."""

_NO_RULES: Mapping[str, str] = MappingProxyType({})


def _rules(policy: Policy, patterns: str) -> dict[str, Policy]:
    return dict.fromkeys(patterns.split(), policy)


_TERMINALS = """
    *terminal* *terminator *terminology xterm uxterm lxterm mlterm *wezterm* cool-retro-term *urxvt*
    rxvt* st st-256color alacritty kitty foot footclient *konsole *yakuake *gnome.console kgx *.ptyxis
    *tilix guake tilda sakura *ghostty* rio contour termite hyper tabby *.warp *.blackbox
"""

_SHEETS = """
    *-calc *gnumeric* et *onlyoffice* desktopeditors *jupyter* *wxmaxima* *mathematica* wolfram* *cantor
"""

_MESSENGERS = """
    slack *.slack.* discord *.discord* vesktop *webcord* element *.element.* signal *.signal.* *telegram*
    *whatsapp* *zapzap* teams* *teams-for-linux* *mattermost* rocket.chat* *fractal zulip *nheko*
"""

_CODE = """
    code code-* code?-* *codium *visualstudio.code* cursor windsurf dev.zed.zed* jetbrains-*
    com.jetbrains.* eclipse *netbeans* *qtcreator kate *.kate kwrite *.kwrite *kdevelop*
    *gnome.builder* gnome-builder emacs* *.emacs gvim neovide *sublime_text* geany codeblocks *codelite*
    arduino* *spyder* rstudio* matlab* dbeaver* godot*
"""

BUILT_IN: Mapping[str, Policy] = {
    # Password managers: what is spoken is heard by others, and dots don't show what was misheard.
    **_rules(
        Policy.OFF,
        """
        keepass* *.keepassxc bitwarden com.bitwarden.* 1password com.onepassword.* enpass qtpass buttercup
        dashlane *proton?pass me.proton.pass seahorse *.seahorse.* *gnome.world.secrets* kwallet* *.kwallet*
        veracrypt
        """,
    ),
    # Those who ask for a password, the locked screen among them.
    **_rules(
        Policy.OFF,
        """
        pinentry* *.pinentry* *askpass* gcr-prompter kdesu* gksu* lxqt-sudo polkit* *polkit-* lxpolkit
        lxqt-policykit* hyprpolkitagent kscreenlocker* i3lock* swaylock* hyprlock gtklock slock xsecurelock
        xscreensaver* *-screensaver light-locker *-greeter
        """,
    ),
    # Remote desktops and virtual machines: keys arrive late, in another layout, or not at all.
    **_rules(
        Policy.FINAL_ONLY,
        """
        *remmina* *freerdp* rdesktop krdc *.krdc vinagre *gnome.connections *gnome.boxes vncviewer
        *tigervnc* *vncviewer* realvnc* rustdesk anydesk teamviewer nomachine* nxplayer* x2go* wfica* parsec*
        *moonlight* scrcpy virt-viewer remote-viewer virt-manager spicy virtualbox* vmware* vmplayer qemu*
        looking-glass-client waydroid*
        """,
    ),
    # Launchers search with every letter, and some complete the line behind the caret.
    **_rules(
        Policy.FINAL_ONLY,
        """
        rofi dmenu bemenu wofi fuzzel tofi ulauncher krunner *.krunner albert synapse kupfer
        xfce4-appfinder lxqt-runner
        """,
    ),
    # Terminals: a shell's line takes a patch well, but a prompt or a program in it may rewrite the line.
    **_rules(Policy.APPEND_ONLY, _TERMINALS),
    # Editors of code: they close brackets and quotes, indent, and complete words from a list that is open.
    **_rules(Policy.APPEND_ONLY, _CODE),
    # Notes in Markdown: brackets, stars and quotes come in pairs, and lists go on by themselves.
    **_rules(Policy.APPEND_ONLY, "*obsidian* typora zettlr logseq"),
    # Offices correct as one types ("..." becomes one character), and their cells complete what was begun.
    **_rules(
        Policy.APPEND_ONLY,
        """
        libreoffice* *.libreoffice* soffice* *onlyoffice* desktopeditors wps et wpp *gnumeric* *textmaker*
        *planmaker*
        """,
    ),
}
"""Pattern -> policy."""

_NEW_LINES: Mapping[str, NewLine | None] = {
    # A terminal may be inside, a table of cells, or a notebook, where Shift+Return calculates.
    **dict.fromkeys(f"{_CODE} {_SHEETS}".split()),
    # They say what their fields are only if asked to, and send with Return, never with Shift.
    **dict.fromkeys(_MESSENGERS.split(), NewLine.SHIFT_RETURN),
}
"""Pattern -> what a line break is typed with, whatever the field says of itself; None: nothing."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A policy, and the pattern of the rule that says so; `own`: it is one of the user's rules."""

    policy: Policy
    pattern: str = ""
    own: bool = False


def ruling(claim: Claim, rules: Mapping[str, str]) -> Ruling:
    """What holds for the claimed window. `rules`: the user's, pattern -> policy, of which the first holds."""
    names = _names(claim)
    for pattern, word in rules.items():
        if _matches(pattern, names):
            return Ruling(Policy(word), pattern, own=True)
    for pattern, policy in BUILT_IN.items():
        if _matches(pattern, names):
            return Ruling(policy, pattern)
    return Ruling(Policy.APPEND_ONLY if claim.purpose is Purpose.TERMINAL else Policy.IN_PLACE)


def _names(claim: Claim) -> set[str]:
    return {claim.app.lower(), claim.instance.lower()} - {""} or {""}


def _matches(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for name in names)


def allowed(claim: Claim, rules: Mapping[str, str]) -> Policy:
    """What may be done in the claimed window. Raises KeyboardError where nothing may be typed."""
    if claim.purpose is Purpose.PASSWORD:
        raise KeyboardError(
            "voicetype does not type into password fields.",
            "Type it by hand. No setting changes this, typing.applications neither.",
        )
    found = ruling(claim, rules)
    if found.policy is Policy.OFF:
        raise _off(claim, found)
    return found.policy


def terms(
    claim: Claim, wanted: Terms, rules: Mapping[str, str], new_lines: Mapping[str, str] = _NO_RULES
) -> Terms:
    """On what terms the claimed window is typed into: what its policy and its keyboard leave of `wanted`.

    `new_lines`: the user's, pattern -> what a line break is typed with. Raises KeyboardError where nothing
    may be typed.
    """
    policy = allowed(claim, rules)
    breaks = new_line(claim, rules, new_lines)
    given = replace(wanted, erasing=claim.erasing, preedit=claim.preedit, new_lines=breaks)
    if policy is Policy.FINAL_ONLY:
        return replace(given, showing=Showing.FINAL, depth=0)
    if policy is Policy.APPEND_ONLY:
        given = replace(given, depth=0)
    # Preedit is not typed yet: the field shows drafts, and nothing need be erased for the next.
    mendable = given.preedit or (given.depth > 0 and given.erasing is not Erasing.NONE)
    if given.showing is Showing.DRAFTS and not mendable:
        return replace(given, showing=Showing.STABLE)
    return given


def new_line(claim: Claim, rules: Mapping[str, str], new_lines: Mapping[str, str]) -> NewLine | None:
    """What a line break is typed with in the claimed window; None where it may do something else than that.

    Return runs a shell's line, submits the form that a field of one line is in, and sends most messages. So a
    field must have said that it has several lines, or a rule, for its application, that Return is safe there.
    """
    names = _names(claim)
    if claim.purpose is not Purpose.TEXT or any(_matches(each, names) for each in _TERMINALS.split()):
        return None
    if claim.several_lines is False or ruling(claim, rules).policy in (Policy.FINAL_ONLY, Policy.OFF):
        return None
    for pattern, word in new_lines.items():
        if _matches(pattern, names):
            return NewLine(word) if word != NO_NEW_LINE else None
    for pattern, key in _NEW_LINES.items():
        if _matches(pattern, names):
            return key
    return NewLine.SHIFT_RETURN if claim.several_lines else None


def named(claim: Claim) -> str:
    """The application, for people."""
    return claim.app or claim.instance or "this application"


def _off(claim: Claim, found: Ruling) -> KeyboardError:
    if found.own:
        hint = f'A rule of yours says so: typing.applications, "{found.pattern}" = "off".'
    else:
        rule = f'"{claim.app or claim.instance}" = "final-only"'
        hint = f"If it should, add a rule to the configuration: [typing.applications], {rule}."
    return KeyboardError(f"voicetype does not type into {named(claim)}.", hint)
