#!/usr/bin/env bash
# The functions where functions run: built by `sam build`, each behind AWS's own emulator of Lambda, and all of them in a stack
# that `sam deploy` makes. tests/runtimes.rs says what they have to answer.
#
#   tests/runtimes.sh            as they are deployed, but for the optimisation, which takes most of the time
#   tests/runtimes.sh --release  as they are deployed
#
# It needs Linux on x86-64: what it builds, it runs. What is deployed is built for arm64 unless somebody says otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1-} in
    --release) optimisation=() ;;
    '') optimisation=(LTO=off CODEGEN_UNITS=16 OPT_LEVEL=1) ;;
    *) echo "usage: $0 [--release]" >&2; exit 2 ;;
esac

# Says what the time went to since this was last called.
part() { printf '%4d s  %s\n' "$SECONDS" "$1"; SECONDS=0; }
# Runs a command that talks much; what it said is of interest if it fails.
quietly() { "$@" >"$work/log" 2>&1 </dev/null || { cat "$work/log" >&2; return 1; }; }
# Runs tests that `cargo test` leaves out. Names that fit no test are no success.
run() {
    cargo test --quiet --locked --offline --package functions --test main -- --ignored "$@" | tee "$work/tests"
    grep --quiet '^test result: ok\. [1-9]' "$work/tests"
}

. tests/deploy/tools.sh
# aws-sam-translator is what makes a stack of the template. boto3 has to fit the botocore that ministack pins.
ministack=$(venv deploy/ministack ministack==1.5.33 boto3==1.43.106 aws-sam-translator==1.115.0 cryptography==50.0.2)
rapid=$("$deploy_tools/python" -c 'import samcli.local.rapid as rapid; print(*rapid.__path__)')
work=$(realpath -m "${CARGO_TARGET_DIR:-target}")/runtimes
rm -rf "$work/build" "$work/tmp"
mkdir -p "$work/tmp"
part 'installed the tools'

cargo test --quiet --locked --package functions --test main --no-run
part 'built the tests'

# One call builds every binary and shares what can be shared; sam then finds each one done. zig links them, and shares no
# folder with the system's linker: what one has built, the other builds again.
(
    export CARGO_TARGET_DIR=$work/target
    for setting in "${optimisation[@]}"; do export "CARGO_PROFILE_RELEASE_$setting"; done
    mapfile -t binaries < <(basename --multiple --suffix .rs functions/src/bin/*.rs)
    quietly cargo lambda build --release --locked "${binaries[@]/#/--bin=}"
    quietly sam build --parameter-overrides Architecture=x86_64 --build-dir "$work/build"
)
part 'built the functions'

behind_the_emulator() {
    ip link set lo up
    run runtimes::built runtimes::emulated
    part 'answered the samples and the tour of the README behind the emulator'
}

in_a_stack() {
    ip link set lo up
    export AWS_ENDPOINT_URL=http://127.0.0.1:8105 KESE_DYNAMODB=127.0.0.1:8000
    BIND_HOST=127.0.0.1 GATEWAY_PORT=8105 MINISTACK_REGION=$AWS_DEFAULT_REGION "$ministack/ministack" >"$work/ministack.log" 2>&1 &
    curl --silent --output /dev/null --retry 100 --retry-delay 1 --retry-connrefused "$AWS_ENDPOINT_URL"
    # Of the template, ministack has no CodeDeploy and no metric math: there, a new version takes over at once, and an alarm
    # looks at one metric.
    "$deploy_tools/python" - "$work/build" <<'PYTHON'
import sys
from samcli.yamlhelper import yaml_dump, yaml_parse
with open(f"{sys.argv[1]}/template.yaml") as built:
    template = yaml_parse(built.read())
del template["Globals"]["Function"]["DeploymentPreference"]
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"].pop("Metrics", None):
        resource["Properties"].update(Namespace="Kese", MetricName="count", Statistic="Sum", Period=60)
with open(f"{sys.argv[1]}/ministack.yaml", "w") as adapted:
    adapted.write(yaml_dump(template))
PYTHON
    quietly sam package --template-file "$work/build/ministack.yaml" --output-template-file "$work/build/packaged.yaml" \
        --no-progressbar --resolve-s3
    local stack=(--stack-name kese-dev --template-file "$work/build/packaged.yaml" --parameter-overrides)
    stack+=(Architecture=x86_64 "DynamoDbEndpoint=http://$KESE_DYNAMODB")
    # Every condition holds, so that there is everything.
    stack+=(AlarmEmail=nobody@example.com DomainName=kese.example.com)
    stack+=(CertificateArn=arn:aws:acm:eu-west-1:000000000000:certificate/none)
    quietly sam deploy --config-env dev --no-progressbar "${stack[@]}"
    sam list resources "${stack[@]}" --output json >"$KESE_STACK"
    part 'deployed the stack'
    run runtimes::deployed
    part 'answered the samples in the stack'
}

# In a network of its own there is nobody else, and nobody is reached: ministack opens a port to all the world. Whatever is
# started there ends with it.
apart() { unshare --map-root-user --net --pid --fork --kill-child --mount-proc bash -euo pipefail -c "$1"; }
export -f part quietly run behind_the_emulator in_a_stack
export work deploy_tools ministack KESE_BUILD=$work/build KESE_STACK=$work/stack.json KESE_EMULATOR=$rapid/aws-lambda-rie-x86_64
export TMPDIR=$work/tmp AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
apart behind_the_emulator
apart in_a_stack
