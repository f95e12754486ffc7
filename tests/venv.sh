# Python tools at fixed versions, each set in a virtual environment of its own. To be sourced from the repository's root.
# shellcheck shell=bash

# Installs packages into the virtual environment of that name under target/, unless these very ones are there, and prints
# where their commands are.
venv() {
    local folder
    folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/$1
    shift
    if [ "$(cat "$folder/tools" 2>/dev/null)" != "$*" ]; then
        rm -rf "$folder"
        python3 -m venv "$folder" >&2 || { echo 'Python 3 with its module venv has to be there.' >&2; return 1; }
        "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2 || return 1
        echo "$*" >"$folder/tools"
    fi
    echo "$folder/bin"
}
