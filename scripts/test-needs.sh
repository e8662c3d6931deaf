#!/usr/bin/env bash
# Makes sure that everything the tests lean on is there: installs it where it may, else says what to install and fails.
# Nothing is skipped because something is missing.
set -euo pipefail

missing_packages=()
missing_words=()

# Debian's packages, which this script can install by itself.
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then
    missing_packages+=(postgresql)
fi
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
    missing_packages+=(chromium)
fi
command -v tmux >/dev/null || missing_packages+=(tmux)

# Rust and Node come from where the developer chose: only named.
command -v cargo >/dev/null || missing_words+=("Rust 1.94 or newer: https://rustup.rs")
if ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 19) ? 0 : 1)'; then
    missing_words+=("Node 20.19 or newer, with npm: https://nodejs.org")
fi
command -v cc >/dev/null || missing_packages+=(gcc libc6-dev)

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
fi

may_install() {
    command -v apt-get >/dev/null && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }
}

if [ ${#missing_packages[@]} -gt 0 ]; then
    if may_install; then
        echo "test-needs: installing ${missing_packages[*]}"
        $as_root apt-get update -q
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing_packages[@]}"
    else
        missing_words+=("Debian packages, which need root: apt-get install ${missing_packages[*]}")
    fi
fi

if [ ${#missing_words[@]} -gt 0 ]; then
    echo "test-needs: the tests need what is not installed here:" >&2
    printf '  - %s\n' "${missing_words[@]}" >&2
    exit 1
fi
