#!/usr/bin/env bash
# Build a Debian package of this tree. It holds voicetype and the Python packages it needs, since the
# distribution has no faster-whisper; what the distribution has, it depends on.
set -euo pipefail
# shellcheck source=install/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'HELP'
Usage: install/deb.sh [--output DIR]

Builds voicetype_VERSION_ARCHITECTURE.deb for this machine's release of Debian or Ubuntu. Install it with
apt-get install ./voicetype_….deb, which gets what it depends on.

  --output DIR   where to put it; dist in this tree if not given
  --help         this

Maintainer: taken from DEBFULLNAME and DEBEMAIL where they are set.
HELP
}

arguments=("$@")
output=$root/dist
while [ $# != 0 ]; do
    case $1 in
        --output)
            [ -n "${2:-}" ] || fail "--output needs a folder."
            output=$2
            shift
            ;;
        --output=*) output=${1#*=} ;;
        --help | -h)
            usage
            exit
            ;;
        *) no_option "$1" ;;
    esac
    shift
done

python=/usr/bin/python3
library=/usr/lib/voicetype
# What onnxruntime would need to make models and to change them; it only runs one.
unused=(flatbuffers protobuf google)

command -v dpkg-deb >/dev/null || fail "dpkg-deb is not here: Debian packages are built on Debian, Ubuntu and their like."
need_packages python3 python3-venv
continue_as_user "${arguments[@]}"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "The package is for the distribution's own Python, and $("$python" --version) is too old: 3.11 is needed." \
        "Build it on Debian 12 or Ubuntu 24.04, or newer."

umask 022
mkdir -p "$output" 2>/dev/null || fail "There can be no folder $output. Name another: --output DIR"
output=$(cd "$output" && pwd)
# Beside the package, not in /tmp, which may be a part of the memory: half a gigabyte is laid out.
scratch=$(mktemp -d "$output/building.XXXXXX" 2>/dev/null) || fail "You may not write to $output. Name another: --output DIR"
trap 'rm -rf "$scratch"' EXIT
stage=$scratch/stage
packages=$stage$library

# setuptools takes up what it finds in build/, so it gets a tree in which it has never worked.
copy_tree() {
    mkdir "$scratch/tree"
    cp -R "$root/voicetype" "$root/pyproject.toml" "$root/README.md" "$root/LICENSE" "$scratch/tree/"
    find "$scratch/tree" -name __pycache__ -prune -exec rm -rf {} +
}

# The user's settings of pip hold, but for where it installs to. Only wheels: what would be compiled here
# could need libraries that the package does not depend on.
install_packages() {
    "$python" -m venv "$scratch/venv" || fail "An environment could not be made; python3-venv may be missing."
    mkdir -p "$packages"
    retry env -u PIP_USER -u PIP_PREFIX -u PIP_ROOT "$scratch/venv/bin/python" -m pip install \
        --quiet --quiet --disable-pip-version-check --no-input --root-user-action=ignore --no-compile --upgrade \
        --only-binary=:all: -c "$root/install/constraints.txt" --target "$packages" "$scratch/tree" ||
        fail "The Python packages could not be fetched. Check the connection, and run this again."
}

# Away with commands that would not start from there, tests, what is not used, and notes of pip's.
prune() {
    local each
    rm -rf "${packages:?}/bin"
    for each in "${unused[@]}"; do
        rm -rf "${packages:?}/$each" "$packages/$each"-*.dist-info
    done
    find "$packages" -type d -name tests -prune -exec rm -rf {} +
    find "$packages" -path '*.dist-info/*' \
        \( -name RECORD -o -name REQUESTED -o -name INSTALLER -o -name direct_url.json \) -delete
}

# Users can't write there, so that without this each start would compile anew. "unchecked": the files' times
# are dpkg's matter.
compile() {
    "$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$stage" -p / "$packages" ||
        fail "Some of the Python packages are not for $("$python" --version)."
}

# "3.11 3.12": this Python, and the first that the compiled modules are not for.
python_versions() {
    "$python" -c 'import sys; a, b = sys.version_info[:2]; print(f"{a}.{b} {a}.{b + 1}")'
}

# The C library that the wheels were built against, told by their tags: manylinux_2_28 needs 2.28.
glibc_version() {
    sed -n 's/^Tag: .*manylinux_\([0-9]*\)_\([0-9]*\)_.*/\1.\2/p' "$packages"/*.dist-info/WHEEL | sort -V | tail -n 1
}

# A template with each @name@ replaced, of the arguments name=value.
filled() {
    local template=$1 each expressions=()
    shift
    for each in "$@"; do
        expressions+=(-e "s|@${each%%=*}@|${each#*=}|")
    done
    sed "${expressions[@]}" "$root/install/debian/$template"
}

lay_out() {
    mkdir -p "$stage/usr/bin" "$stage/DEBIAN"
    filled launcher.in library="$library" >"$stage/usr/bin/voicetype"
    "$python" -I -B "$root/install/debian/lay_out.py" "$stage" "$library"
    install -D "$root/install/70-voicetype-uinput.rules" "$stage/usr/lib/udev/rules.d/70-voicetype-uinput.rules"
    install -D "$root/install/voicetype-uinput.conf" "$stage/usr/lib/modules-load.d/voicetype-uinput.conf"
    find "$stage" -type d -exec chmod 755 {} +
    find "$stage" -type f -exec chmod 644 {} +
    chmod 755 "$stage/usr/bin/voicetype"
}

# DEBIAN/*
describe() {
    local versions size
    read -r -a versions < <(python_versions)
    size=$(du -k -s --apparent-size "$stage" | cut -f 1)
    filled control.in version="$version" architecture="$architecture" size="$size" \
        python="${versions[0]}" next_python="${versions[1]}" glibc="$(glibc_version)" \
        maintainer="${DEBFULLNAME:-voicetype maintainers} <${DEBEMAIL:-maintainers@voicetype.invalid}>" \
        >"$stage/DEBIAN/control"
    (
        cd "$stage"
        find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums
    )
}

# 1.0rc1 comes before 1.0: Debian writes that with a tilde.
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$root/voicetype/__init__.py" | sed -E 's/\.?(a|b|rc|dev)([0-9])/~\1\2/')
architecture=$(dpkg --print-architecture)
package=$output/voicetype_${version}_$architecture.deb

say "Python packages: fetching them for $("$python" --version) (about 150 MB the first time)"
copy_tree
install_packages
prune
say "Package: laying it out"
lay_out
compile
describe
say "Package: packing it"
# zstd takes 7 seconds where xz takes 80, for a tenth more; every dpkg beside a Python 3.11 reads it.
dpkg-deb --root-owner-group -Zzstd -z9 --build "$stage" "$scratch/package.deb" >/dev/null
mv -f "$scratch/package.deb" "$package"
say "Built $package ($(($(stat -c %s "$package") / 1000000)) MB)." \
    "Install it: apt-get install $package"
