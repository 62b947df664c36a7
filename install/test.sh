#!/usr/bin/env bash
# Install what the tests need, and run every check; arguments go to pytest.
set -euo pipefail
# shellcheck source=install/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(
    python3 python3-venv python3-gi python3-tk
    libportaudio2 gir1.2-gtk-3.0 gir1.2-ayatanaappindicator3-0.1
    xvfb flite openbox i3lock ssh-askpass-gnome picom xterm xclip xdotool x11-utils x11-xkb-utils xauth
    sway foot grim ibus ibus-gtk3
    dbus xdg-desktop-portal jq libglib2.0-bin pulseaudio-utils desktop-file-utils xfconf
    xfce4-panel imagemagick at-spi2-core python3-pyqt5 python3-pyqt6 procps
    debootstrap pipx strace systemd dbus-user-session gnome-keyring libsecret-tools openssl
)
# Ubuntu has it as a snap alone, which tests can't drive: those that want it are skipped there.
if grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then packages+=(chromium); fi
# Either sound server does; their packages exclude each other, so one that is here stays.
if command -v dpkg-query >/dev/null && installed pulseaudio; then
    packages+=(libasound2-plugins)
else
    packages+=(pipewire pipewire-pulse wireplumber pipewire-alsa)
fi

need_packages "${packages[@]}"
continue_as_user "$@"
make_environment test

say "Speech models:"
"$venv/bin/python" -m voicetype models get tiny.en base
need_demo || say "The demo recording can't be had; tests that need it are skipped."

cd "$root"
say "Format:"
"$venv/bin/ruff" format --check .
say "Lint:"
"$venv/bin/ruff" check .
say "Types:"
"$venv/bin/mypy"
say "Tests:"
failed=0
"$venv/bin/python" -m pytest "$@" || failed=$?
# Browsers and compositors lose a race with a busy machine now and then. A few failures are tried again, alone,
# and named: one that is no such race fails again. Only those against real servers: the others have no races.
again=$root/.pytest_cache/v/cache/lastfailed
if [ "$failed" -eq 1 ] && [ -s "$again" ]; then
    mapfile -t tests < <("$venv/bin/python" -c 'import json, sys; print(*json.load(open(sys.argv[1])), sep="\n")' "$again")
    if [ "${#tests[@]}" -le 3 ] && ! printf '%s\n' "${tests[@]}" | grep -qv '^tests/real/'; then
        say "Failed, and tried again alone:" "${tests[@]}"
        failed=0
        "$venv/bin/python" -m pytest "${tests[@]}" || failed=$?
    fi
fi
exit "$failed"
