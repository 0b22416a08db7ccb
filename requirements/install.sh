#!/bin/sh
# Make the environment that everything else runs in: .venv with the locked packages, node_modules with the locked
# front-end files, staticfiles with what the pages are served with. Needs a shell, and either a Python 3.8+ with pip or uv.
# Fast when nothing changed: each step leaves a stamp that names what it was made from.
set -eu
cd "$(dirname "$0")/.."

# One at a time, where the system can say so. The lock goes with this process.
if [ -z "${INSTALLING:-}" ] && command -v flock >/dev/null 2>&1; then
    mkdir -p .tools
    INSTALLING=1 exec flock .tools/lock requirements/install.sh
fi

say() { printf '\033[2m%s\033[0m\n' "$*" >&2; }
fail() { printf 'Cannot make the environment: %s\n' "$*" >&2; exit 1; }
fingerprint() { cat "$@" | cksum | tr ' ' '-'; }

# An empty or unwritable HOME must not matter: what tools want to cache goes into the project.
if [ -z "${HOME:-}" ] || [ ! -d "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
    mkdir -p .tools/home
    HOME="$PWD/.tools/home"
    export HOME
fi

# A candidate counts when it runs: a version manager's shim may be on PATH and then say that it has no such version.
good_python() {
    "$1" -c 'import sys, ensurepip, ssl; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
}

pyenv_roots() {
    [ -n "${PYENV_ROOT:-}" ] && echo "$PYENV_ROOT"
    # HOME may have been changed; the shims on PATH still say where the versions are.
    for name in pyenv python3 python; do
        where=$(command -v "$name" 2>/dev/null) || continue
        case "$where" in */shims/*) echo "${where%/shims/*}" ;; */bin/pyenv) dirname "$(dirname "$where")" ;; esac
    done
    echo "${HOME}/.pyenv"
    owner=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6) && [ -n "$owner" ] && echo "$owner/.pyenv"
    return 0
}

find_python() {
    for name in ${PYTHON:-} python3.13 python3.14 python3.12 python3; do
        if good_python "$name"; then "$name" -c 'import sys; print(sys.executable)'; return; fi
    done
    pyenv_roots | sort -u | while read -r root; do
        for minor in 13 14 12; do
            # shellcheck disable=SC2012 # version folders have no strange names
            for candidate in $(ls -d "$root"/versions/3."$minor".*/bin/python 2>/dev/null | sort -t. -k3 -rn); do
                if good_python "$candidate"; then echo "$candidate"; return; fi
            done
        done
    done | head -n 1
}

# uv checks the hashes and installs in seconds. If it is not there it goes into a private place, and touches nothing else.
find_uv() {
    if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then command -v uv; return; fi
    if [ ! -x .tools/uv/bin/uv ]; then
        say "Getting uv ..."
        mkdir -p .tools
        for name in "$@" python3 python3.11 python; do
            [ -n "$name" ] || continue
            rm -rf .tools/uv
            if "$name" -m venv .tools/uv >/dev/null 2>&1 \
                && .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check \
                    --require-hashes --only-binary :all: -r requirements/uv.txt >&2; then break; fi
        done
    fi
    [ -x .tools/uv/bin/uv ] || fail "no uv, and no Python with venv and pip to get it with."
    echo "$PWD/.tools/uv/bin/uv"
}

# Trust what the machine trusts, a company's own certificate authority included.
export UV_SYSTEM_CERTS=true

make_venv() {
    stamp=".venv/stamp-$(fingerprint requirements/dev.txt)"
    [ -f "$stamp" ] && [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null && return
    python=$(find_python)
    uv=$(find_uv "$python")
    if [ -z "$python" ]; then
        say "No Python 3.12 or later here: letting uv fetch one ..."
        "$uv" python install --quiet 3.13 || fail "no Python 3.12 or later, and uv could not fetch one. Install one, or set PYTHON=/path/to/python."
        python=$("$uv" python find 3.13)
    fi
    if ! { [ -x .venv/bin/python ] && good_python .venv/bin/python; }; then
        "$uv" venv --quiet --clear --python "$python" .venv
    fi
    say "Installing the locked packages ($("$python" --version)) ..."
    "$uv" pip sync --quiet --require-hashes --python .venv/bin/python requirements/dev.txt
    rm -f .venv/stamp-*
    : > "$stamp"
}

make_node_modules() {
    stamp="node_modules/.stamp-$(fingerprint package-lock.json)"
    [ -f "$stamp" ] && return
    say "Installing the front-end packages ..."
    arguments="ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error"
    # shellcheck disable=SC2086 # the arguments are words
    if command -v npm >/dev/null 2>&1 && npm --version >/dev/null 2>&1; then
        npm $arguments >&2
    else
        [ -x .tools/node/bin/npm ] || node_from_wheel
        PATH="$PWD/.tools/node/bin:$PATH" npm $arguments >&2
    fi
    : > "$stamp"
}

node_from_wheel() {
    say "No npm here: getting Node from a wheel ..."
    python=$(find_python)
    uv=$(find_uv "$python")
    "$uv" venv --quiet --clear --python .venv/bin/python .tools/node
    "$uv" pip install --quiet --require-hashes --python .tools/node/bin/python -r requirements/node.txt
}

collect_static() {
    stamp="staticfiles/.stamp-$(find static helpdesk/assets.py -type f -exec cksum {} + | sort | cksum | tr ' ' '-')-$(fingerprint package-lock.json requirements/base.txt)"
    [ -f "$stamp" ] && return
    say "Compressing the static files ..."
    # Added to what is there: a `make run` that goes on meanwhile still serves the files that it started with.
    # Not the maps nor the second API browser: nothing asks for them, and compressing them takes a minute.
    .venv/bin/python manage.py collectstatic --no-input --verbosity 0 --ignore '*.map' --ignore redoc
    rm -f staticfiles/.stamp-*
    : > "$stamp"
}

make_venv
make_node_modules
# Compiles only what is newer than its compiled file.
.venv/bin/python -m helpdesk.translations
collect_static
