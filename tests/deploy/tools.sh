# Puts the tools that check, build and deploy the stack into a folder of their own, once for each set of versions, and their
# folder on the PATH. To be sourced from the repository's root.
# shellcheck shell=bash

# Pinned: another version has other rules. sam brings AWS's Runtime Interface Emulator, cargo-lambda brings zig.
deploy_tools='aws-sam-cli==1.170.0 cfn-lint==1.58.0 cargo-lambda==1.9.2'
deploy_venv=$(realpath -m "${CARGO_TARGET_DIR:-target}")/deploy/venv
if [ "$(cat "$deploy_venv/tools" 2>/dev/null)" != "$deploy_tools" ]; then
    rm -rf "$deploy_venv"
    python3 -m venv "$deploy_venv" || { echo 'The tools for the stack need python3 with its module venv.' >&2; exit 1; }
    # shellcheck disable=SC2086 # one word for each tool
    "$deploy_venv/bin/pip" install --quiet --disable-pip-version-check $deploy_tools
    echo "$deploy_tools" >"$deploy_venv/tools"
fi
export PATH="$deploy_venv/bin:$PATH"
# Nothing is told to anybody, and no command needs an account.
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-west-1}"
