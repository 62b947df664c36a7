# shellcheck shell=bash
# What run.sh and test.sh share; they source it. Nothing here removes or replaces a package, or
# touches the running desktop.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
# Folders of other Pythons would be looked into before our own environment.
unset PYTHONHOME PYTHONPATH
# Not every cron job or container has it.
if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
    export HOME=${HOME:-/}
fi
# pip ends in its own way on Ctrl-C, which a shell would take for a failure of pip's, and go on.
trap 'exit 130' INT

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# The script's own `usage` says what there is.
no_option() {
    printf 'There is no option %s.\n\n' "$1" >&2
    usage >&2
    exit 2
}

# Run a command up to three times: mirrors and package indexes fail for a moment now and then.
retry() {
    local try
    for try in 1 2 3; do
        if "$@"; then return 0; fi
        if [ "$try" != 3 ]; then
            say "That failed; trying again in 5 seconds."
            sleep 5
        fi
    done
    return 1
}

# Is a package installed, or one that provides it (some were renamed with a t64 at the end)?
installed() {
    dpkg-query -W -f='${db:Status-Status}\t${Package}, ${Provides}\n' 2>/dev/null |
        awk -F '\t' -v name="$1" '
            $1 == "installed" {
                count = split($2, names, /, */)
                for (i = 1; i <= count; i++) {
                    sub(/[ :(].*/, "", names[i])
                    if (names[i] == name) found = 1
                }
            }
            END { exit !found }'
}

# The first of each "a|b|c" whose kind is not installed at all.
missing_of() {
    local wanted each
    for wanted in "$@"; do
        for each in ${wanted//|/ }; do
            if installed "$each"; then continue 2; fi
        done
        say "${wanted%%|*}"
    done
}

may_be_root() {
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; }
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    as_root apt-get update -q -q -o DPkg::Lock::Timeout=120 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -q -y --no-install-recommends \
            --no-remove -o DPkg::Lock::Timeout=120 "$@"
}

# Install what is missing of the named packages, or say what that is.
need_packages() {
    command -v dpkg-query >/dev/null || {
        say "This is neither Debian nor Ubuntu: install their counterparts of these yourself: $*"
        return
    }
    local missing
    mapfile -t missing < <(missing_of "$@")
    if [ "${#missing[@]}" = 0 ]; then
        say "System packages: all there."
        return
    fi
    if ! may_be_root || ! as_root true; then
        fail "These system packages are missing: ${missing[*]}" \
            "Ask an administrator, or run this: apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "System packages: installing ${missing[*]}"
    local log
    log=$(mktemp)
    retry apt_install "${missing[@]}" >"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        rm -f "$log"
        fail "These system packages could not be installed: ${missing[*]}"
    }
    rm -f "$log"
}

# With `sudo install/…`, the rest is the user's own: the environment, the models, the desktop.
continue_as_user() {
    local user=${SUDO_USER:-root}
    if [ "$(id -u)" != 0 ] || [ "$user" = root ] || [ "$(stat -c %U "$root")" != "$user" ]; then return; fi
    say "Going on as $user."
    local runtime
    runtime=/run/user/$(id -u "$user")
    exec sudo -H -u "$user" env XDG_RUNTIME_DIR="$runtime" \
        DBUS_SESSION_BUS_ADDRESS="unix:path=$runtime/bus" "$0" "$@"
}

# The system's own Python, since only it can load the system's GTK.
system_python() {
    local each
    for each in /usr/bin/python3 $(printf '%s\n' /usr/bin/python3.[0-9]* | sort -rV); do
        [[ $each =~ python3(\.[0-9]+)?$ ]] || continue
        if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            say "$each"
            return
        fi
    done
    fail "Python 3.11 or newer is needed in /usr/bin; there is $(/usr/bin/python3 --version 2>&1)." \
        "Where the distribution has one beside its own, this installs it: apt-get install python3.11-venv"
}

# Does the environment work, where it lies, on this Python?
venv_is_sound() {
    [ -x "$venv/bin/python" ] && grep -q 'include-system-site-packages = true' "$venv/pyvenv.cfg" 2>/dev/null &&
        "$venv/bin/python" - "$venv" "$1" <<'PYTHON' 2>/dev/null
import os, subprocess, sys
venv, system = sys.argv[1:]
version = subprocess.run([system, "-c", "import sys; print(sys.version)"], capture_output=True, text=True).stdout
import pip
# Scripts in bin name the folder in which the environment was made; not in their first line where it has a space.
with open(f"{venv}/bin/pip") as script:
    here = venv in script.read()
sys.exit(not (os.path.realpath(sys.prefix) == os.path.realpath(venv) and version.strip() == sys.version and here))
PYTHON
}

may_write() {
    local folder
    folder=$(dirname "$venv")
    until [ -e "$folder" ]; do folder=$(dirname "$folder"); done
    [ -w "$folder" ] || fail "You may not write to $folder: clone voicetype to a folder of your own."
}

# make_environment "" for running, "test" for the tests; the stamp tells what was installed. A second
# argument is a copy of the project to install for good, instead of the clone itself with all its changes.
make_environment() {
    local extra=$1 copy=${2:-} python stamp wanted project
    python=$(system_python)
    if ! venv_is_sound "$python"; then
        may_write
        say "Environment: making $venv"
        rm -rf "$venv"
        "$python" -m venv --system-site-packages "$venv" ||
            fail "The environment could not be made in $venv." \
                "The package ${python##*/}-venv may be missing, or the disk is full: 600 MB are needed there."
    fi
    wanted=$(cat "$root/install/constraints.txt" "$root/pyproject.toml" | sha256sum)
    project=(-e "$root${extra:+[$extra]}")
    if [ -n "$copy" ]; then
        wanted=$({
            printf '%s\n' "$wanted"
            find "$copy" -type f -print0 | sort -z | xargs -0 cat
        } | sha256sum)
        project=("$copy")
    fi
    stamp=$venv/installed${extra:+-$extra}
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -x "$venv/bin/voicetype" ]; then
        say "Python packages: all there."
        return
    fi
    say "Python packages: installing (about 400 MB the first time)"
    may_write
    # What was fetched is kept there until all of it is installed, so that a run which broke off goes on; the
    # user's own cache would keep it for good.
    PIP_CACHE_DIR=$venv/fetched retry "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        -c "$root/install/constraints.txt" "${project[@]}" ||
        fail "The Python packages could not be installed; pip says above why." \
            "Check the connection, and that the disk has 600 MB for $venv; then run this again."
    rm -rf "$venv/fetched"
    printf '%s\n' "$wanted" >"$venv/installed"
    printf '%s\n' "$wanted" >"$stamp"
}

# What voicetype needs of the system to run.
packages_to_run() {
    printf '%s\n' python3 python3-venv python3-gi \
        libportaudio2 libxkbcommon0 gir1.2-gtk-3.0 gir1.2-ayatanaappindicator3-0.1
    command -v dpkg-query >/dev/null || return 0
    # PortAudio speaks ALSA; this is ALSA's way to the sound server that is here.
    if installed pipewire-pulse; then
        say "pipewire-alsa|libasound2-plugins"
    elif installed pulseaudio; then
        say libasound2-plugins
    fi
}

# Where install.sh puts what is the user's, and the link by which a shell finds it.
data_folder() {
    case ${XDG_DATA_HOME:-} in
        /*) say "$XDG_DATA_HOME/voicetype" ;;
        *) say "$HOME/.local/share/voicetype" ;; # a relative folder is ignored, as the XDG rules say
    esac
}

# Files that let whoever is logged in type by uinput, and where they go; DESTDIR is another root than /.
uinput_files=(
    70-voicetype-uinput.rules:/etc/udev/rules.d
    voicetype-uinput.conf:/etc/modules-load.d
)

# Each "file in install/" and "path in the system" of those that are not as they should be there.
missing_uinput_files() {
    local each name path
    for each in "${uinput_files[@]}"; do
        name=${each%%:*} path=${DESTDIR:-}${each#*:}/${each%%:*}
        cmp -s "$root/install/$name" "$path" || printf '%s\n%s\n' "$root/install/$name" "$path"
    done
}

# Have the running system heed them, as far as it can be told.
settle_uinput() {
    [ -z "${DESTDIR:-}" ] || return 0
    as_root udevadm control --reload 2>/dev/null || true
    as_root modprobe uinput 2>/dev/null || true
    as_root udevadm trigger --sysname-match=uinput --settle 2>/dev/null || true
}

allow_uinput() {
    local missing each
    mapfile -t missing < <(missing_uinput_files)
    if [ "${#missing[@]}" = 0 ]; then
        say "Typing by uinput: allowed."
        return
    fi
    if ! may_be_root || ! as_root true; then
        fail "Typing by uinput has to be allowed by root." \
            "Ask an administrator to copy ${uinput_files[0]%%:*} from $root/install to ${uinput_files[0]#*:}."
    fi
    for ((each = 0; each < ${#missing[@]}; each += 2)); do
        as_root install -D -m 644 "${missing[each]}" "${missing[each + 1]}"
    done
    settle_uinput
    say "Typing by uinput: allowed, for whoever is logged in at this machine. Any program of theirs may press keys."
}

# Only what was installed from here, or by an earlier version's rule of the same name.
forbid_uinput() {
    local each path there=()
    for each in "${uinput_files[@]}"; do
        path=${DESTDIR:-}${each#*:}/${each%%:*}
        if [ -e "$path" ]; then there+=("$path"); fi
    done
    [ "${#there[@]}" != 0 ] || return 0
    if may_be_root && as_root rm -f "${there[@]}"; then
        settle_uinput
        say "Typing by uinput: not allowed any more."
    else
        say "Left, since only root may remove them: ${there[*]}"
    fi
}

# Folders that are not there yet, the inner ones first.
missing_folders() {
    local folder
    for folder in "$@"; do
        until [ -e "$folder" ]; do
            say "$folder"
            folder=$(dirname "$folder")
        done
    done
}

# shellcheck disable=SC2034  # install.sh and uninstall.sh use it
link=$HOME/.local/bin/voicetype

demo_folder=$(data_folder)/demo
demo_package=asterisk-core-sounds-en-g722

# Prints the path of the demo recording; nothing when it is not on this machine.
demo_recording() {
    local each
    for each in "$demo_folder/demo-congrats.g722" /usr/share/asterisk/sounds/*/demo-congrats.g722; do
        if [ -s "$each" ]; then
            say "$each"
            return
        fi
    done
}

download_demo() {
    (
        cd "$1" || exit 1
        # As root, apt fetches as its own user, who may not write here; it would only complain.
        apt-get download -q -q -o APT::Sandbox::User="$(id -un)" "$demo_package" 2>/dev/null && exit
        may_be_root && as_root apt-get update -q -q 2>/dev/null &&
            apt-get download -q -q -o APT::Sandbox::User="$(id -un)" "$demo_package"
    )
}

# A real voice (Allison Smith, CC BY-SA 3.0), out of a package of the distribution. The package itself is
# not installed: unpacking is enough, and needs no root.
need_demo() {
    [ -z "$(demo_recording)" ] || return 0
    command -v apt-get >/dev/null || return 1
    say "Demo recording: fetching the package $demo_package (11 MB)"
    local scratch
    # `set -e` is off in what an `if` or `||` calls: without these, a full disk meant the current folder.
    mkdir -p "$demo_folder" || return 1
    scratch=$(mktemp -d "$demo_folder.XXXXXX") || return 1
    if retry download_demo "$scratch" && dpkg-deb -x "$scratch"/*.deb "$scratch/unpacked"; then
        # The one that is looked for comes last, so that it stands for all.
        find "$scratch/unpacked" -name 'demo-*.g722' ! -name 'demo-congrats.g722' -exec mv -t "$demo_folder" {} +
        mv "$scratch/unpacked/usr/share/doc/$demo_package/copyright" "$demo_folder/"
        find "$scratch/unpacked" -name 'demo-congrats.g722' -exec mv -t "$demo_folder" {} +
    fi
    rm -rf "$scratch"
    [ -n "$(demo_recording)" ]
}
