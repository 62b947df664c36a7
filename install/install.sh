#!/usr/bin/env bash
# Install voicetype for good, for this user; the clone is not needed afterwards.
set -euo pipefail
# shellcheck source=install/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'HELP'
Usage: install/install.sh [--shortcut KEYS] [--uinput] [--no-start]
       install/install.sh --uninstall [--keep-models]

Installs voicetype for you alone: system packages that are missing, a Python environment and two speech models
in ~/.local/share/voicetype, the command ~/.local/bin/voicetype, the entry in the menu, the start at login.
Then starts it, where there is a desktop. This folder is not needed afterwards; run again, it brings
the installation up to the state of this folder.

  --shortcut KEYS  a shortcut of your desktop that starts and ends listening: '<Super>z', '<Ctrl><Alt>space'
  --uinput         allow typing by a keyboard of the kernel's, for desktops without a better way; needs root
  --no-start       install, but do not start it now
  --uninstall      take all of it away: the same as install/uninstall.sh
  --help           this
HELP
}

if [ "${1:-}" = --uninstall ]; then exec "$root/install/uninstall.sh" "${@:2}"; fi

wishes=()
start=yes
uinput=
arguments=("$@")
while [ "$#" != 0 ]; do
    case $1 in
        --shortcut)
            [ "$#" -gt 1 ] || { usage >&2 && exit 2; }
            wishes+=(--shortcut "$2")
            shift
            ;;
        --shortcut=*) wishes+=("$1") ;;
        --uinput) uinput=yes ;;
        --no-start) start= ;;
        --help | -h)
            usage
            exit
            ;;
        *) no_option "$1" ;;
    esac
    shift
done

# What pip needs of the project; built there, nothing of it is left in the clone.
copy_of_project() {
    tar -C "$root" --exclude=__pycache__ --exclude='*.egg-info' -cf - pyproject.toml README.md LICENSE voicetype |
        tar -C "$1" -xf -
}

# Keys that are no shortcut are told before anything is fetched.
check_wishes() {
    local python
    python=$(system_python)
    PYTHONPATH=$root "$python" -B -c '
import sys
from voicetype.arguments import parser
parser().parse_args(["install", *sys.argv[1:]])' "$@" || exit 2
}

link_command() {
    # A link that leads nowhere is nobody's; one that leads elsewhere may be pipx's.
    if [ -e "$link" ] && [ "$(readlink "$link")" != "$venv/bin/voicetype" ]; then
        say "$link is there already, and another: it is left as it is. The command is $venv/bin/voicetype"
        return
    fi
    mkdir -p "$(dirname "$link")"
    ln -sfn "$venv/bin/voicetype" "$link"
    case :$PATH: in
        *:"$(dirname "$link")":*) say "Command: voicetype" ;;
        *) say "Command: $link" "(a new login may put $(dirname "$link") into your PATH; it is not in it now)" ;;
    esac
}

# Wait until a command succeeds, for so many seconds at most.
within() {
    local end=$((SECONDS + $1))
    until "${@:2}" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

not_running() { ! "$venv/bin/voicetype" status; }

# Does the service manager know the desktop it would start programs in?
manager_sees_desktop() {
    systemctl --user show-environment 2>/dev/null | grep -qE '^(DISPLAY|WAYLAND_DISPLAY)='
}

start_daemon() {
    if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        say "There is no desktop here: voicetype starts at your next login."
        return
    fi
    "$venv/bin/voicetype" quit >/dev/null 2>&1 || true # an older one
    within 20 not_running || true
    if manager_sees_desktop && systemctl --user restart voicetype.service 2>/dev/null; then
        say "voicetype is running; its messages: journalctl --user -u voicetype"
        return
    fi
    setsid "$venv/bin/voicetype" run >/dev/null 2>&1 </dev/null &
    if within 20 "$venv/bin/voicetype" status; then
        say "voicetype is running."
    else
        say "voicetype did not start; what it says: $venv/bin/voicetype run"
    fi
}

mapfile -t packages < <(packages_to_run)
need_packages "${packages[@]}"
if [ -n "$uinput" ]; then allow_uinput; fi
continue_as_user "${arguments[@]}"
check_wishes "${wishes[@]}"

data=$(data_folder)
venv=$data/venv
made=$(missing_folders "$data" "$(dirname "$link")")
mkdir -p "$data" || fail "Nothing can be put into $data: look at the owner and permissions of the folders above it."
if [ -n "$made" ]; then printf '%s\n' "$made" >>"$data/folders"; fi
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
copy_of_project "$copy"
make_environment "" "$copy"

say "Speech models:"
"$venv/bin/voicetype" models get

link_command
"$venv/bin/voicetype" install "${wishes[@]}"
if [ -n "$start" ]; then start_daemon; fi
say "Installed. $root/install/uninstall.sh takes it away again."
