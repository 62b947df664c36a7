#!/usr/bin/env bash
# Take away what install.sh installed for this user; what the user made stays.
set -euo pipefail
# shellcheck source=install/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'HELP'
Usage: install/uninstall.sh [--keep-models]

Ends voicetype and takes away what install/install.sh put here: the entry in the menu, the start at login, the
command, the Python environment, the speech models, the demo, and what --uinput allowed. Your configuration
stays, and so do the system packages.

  --keep-models  leave the speech models for another time
  --help         this
HELP
}

models=(--models)
for argument in "$@"; do
    case $argument in
        --keep-models) models=() ;;
        --help | -h)
            usage
            exit
            ;;
        *) no_option "$argument" ;;
    esac
done

forbid_uinput
continue_as_user "$@"
data=$(data_folder)
venv=$data/venv

if [ -x "$venv/bin/voicetype" ]; then
    "$venv/bin/voicetype" uninstall "${models[@]}"
elif [ -e "$data/installed.json" ]; then
    fail "The command $venv/bin/voicetype, which knows what was installed, is not there any more." \
        "Run install/install.sh once more, and then this."
fi
if [ -L "$link" ] && [ "$(readlink "$link")" = "$venv/bin/voicetype" ]; then rm "$link"; fi
# Models that a run of run.sh, or an earlier --keep-models, left behind; a link goes, not what it leads to.
if [ "${#models[@]}" != 0 ]; then rm -rf "$data/models"; fi
rm -rf "$venv" "$demo_folder" "$demo_folder".?????? # the last: what an interrupted run was unpacking
made=()
if [ -e "$data/folders" ]; then mapfile -t made < <(sort -ru "$data/folders"); fi
rm -f "$data/folders"
rmdir "$data" 2>/dev/null || true
for folder in "${made[@]}"; do rmdir "$folder" 2>/dev/null || true; done
if [ -d "$data" ]; then say "Left: $data, with what is in it"; fi
say "voicetype is not installed any more."
