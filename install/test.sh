#!/usr/bin/env bash
# Install what the tests need, and run every check; arguments go to pytest.
set -euo pipefail
# shellcheck source=install/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(
    python3 python3-venv python3-gi python3-tk
    libportaudio2 gir1.2-gtk-3.0 gir1.2-ayatanaappindicator3-0.1
    xvfb openbox i3lock ssh-askpass-gnome picom xterm xclip xdotool x11-utils x11-xkb-utils xauth
    sway foot grim ibus ibus-gtk3
    dbus xdg-desktop-portal jq libglib2.0-bin pulseaudio-utils desktop-file-utils xfconf
    xfce4-panel imagemagick at-spi2-core python3-pyqt5 python3-pyqt6 procps
    debootstrap pipx
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
exec "$venv/bin/python" -m pytest "$@"
