# Puts the tools that check, build and deploy the stack on the PATH. To be sourced from the repository's root.
# shellcheck shell=bash
. tests/venv.sh

# Pinned: another version has other rules. sam brings AWS's Runtime Interface Emulator, cargo-lambda brings zig.
deploy_tools=$(venv deploy/venv aws-sam-cli==1.170.0 cfn-lint==1.58.0 cargo-lambda==1.9.2)
export PATH="$deploy_tools:$PATH"
# Nothing is told to anybody, and no command needs an account.
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-west-1}"
