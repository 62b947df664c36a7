#!/usr/bin/env bash
# Install what is missing, and dictate.
set -euo pipefail
# shellcheck source=install/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'HELP'
Usage: install/run.sh [--demo | --install]

Installs what voicetype needs and is not here yet (system packages, a Python environment in .venv, two
speech models), then starts it. Started again, it installs nothing and is ready in seconds.

  --demo     let it listen to a recording instead of a microphone, and watch; needs no desktop
  --install  for good, independent of this folder: what install/install.sh does, with its options
  --help     this

To dictate: hold the right Ctrl key, speak, let go. A short tap dictates until the next tap. Esc cancels.
Stop voicetype with Ctrl-C. Later, .venv/bin/voicetype starts it without this script.
HELP
}

if [ "${1:-}" = --install ]; then exec "$root/install/install.sh" "${@:2}"; fi

demo=
for argument in "$@"; do
    case $argument in
        --demo) demo=yes ;;
        --help | -h)
            usage
            exit
            ;;
        *) no_option "$argument" ;;
    esac
done

mapfile -t packages < <(packages_to_run)
need_packages "${packages[@]}"
continue_as_user "$@"
make_environment ""

say "Speech models:"
"$venv/bin/python" -m voicetype models get

# What stands in the way of dictating, a line each; nothing when all is there.
lacking() {
    { "$venv/bin/voicetype" doctor --no-typing --format json 2>/dev/null || true; } | "$venv/bin/python" -c '
import json, sys

for check in json.load(sys.stdin)["checks"]:
    if check["check"] in ("keyboard", "microphone") and check["verdict"] == "bad":
        print(check["result"], check["remedy"])
'
}

if [ -z "$demo" ]; then
    reasons=$(lacking)
    if [ -z "$reasons" ]; then
        say "Starting voicetype; Ctrl-C here ends it."
        exec "$venv/bin/voicetype" run
    fi
    printf '%s\n' "Dictation can't work here yet:" "$reasons" "Showing the demo instead."
fi

need_demo || fail "The demo recording can't be had: the package $demo_package was not found." \
    "Any recording will do: .venv/bin/voicetype replay FILE --realtime --format console"
say "Demo: a recording of Allison Smith (CC BY-SA 3.0), as if she spoke into a microphone."
say "Dim text is a draft of the fast model; bright text is confirmed by the heavy one."
exec "$venv/bin/voicetype" replay "$(demo_recording)" --language en --realtime --format console
