#!/bin/sh
# lint.sh PROGRAM FOLDER - the OpenAPI documents under @stoplight/spectral-cli and @redocly/cli, without an error and
# without a warning.  npm puts both into FOLDER, as the lockfile here says.
# 77 (skipped) where there is no npm; with CI set, that is a failure.
set -eu
program=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
mkdir -p "$2"
cd "$2"
export REDOCLY_TELEMETRY=off NO_UPDATE_NOTIFIER=1 REDOCLY_SUPPRESS_UPDATE_NOTICE=true

if ! command -v npm >/dev/null 2>&1; then
    echo "there is no npm: the OpenAPI documents were not linted (apt-get install npm)"
    [ -z "${CI:-}" ] || exit 1
    exit 77
fi
cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$here"/spectral.yaml "$here"/redocly.yaml .
if ! cmp -s package-lock.json node_modules/.as-locked; then
    npm ci --ignore-scripts --no-progress --loglevel=error
    cp package-lock.json node_modules/.as-locked
fi

# What a configuration serves, by generation: NAME URL, more keys of the upstream, more keys of the client, more keys.
served() {
    printf 'AKIDsample\n' >id
    printf 'sample\n' >key
    chmod 600 id key
    printf 'version: 1\nclients: { web: { tokens: [ { id: t, sha256: %064d } ]%s } }\nrules: []\n' 0 "$4" >policy.yaml
    cat >"$1.yaml" <<END
version: 1
policy: policy.yaml
$5
credentials: { main: { secret_id: { file: id }, secret_key: { file: key } } }
upstreams:
  vpc: { url: "https://vpc.$2", credential: main, region: ap-guangzhou$3 }
  cvm: { url: "https://cvm.$2", credential: main, region: ap-guangzhou$3 }
END
    "$program" openapi -c "$1.yaml" >"$1.json" 2>"$1.err" || { cat "$1.err" >&2; exit 1; }
}

"$program" openapi >all.json
served api2 api.qcloud.com/v2/index.php '' '' ''
served api3 tencentcloudapi.com/ ', generation: 3' '' ''
served actions tencentcloudapi.com/ ', generation: 3' '' "doors: { actions: true }
definitions: \"$here/../../config/definitions/data\""
served either api.qcloud.com/v2/index.php '' ', certificates: [ { id: c, san: web.example } ]' ''
served both api.qcloud.com/v2/index.php '' ', certificates: [ { id: c, san: web.example } ], require: [token, certificate]' ''

# Linters that find nothing in a bad document have not looked.
sed 's/"operationId":"[^"]*"/"operationId":"same"/g' all.json >bad.json
if ./node_modules/.bin/spectral lint --ruleset spectral.yaml bad.json >/dev/null 2>&1 ||
    ./node_modules/.bin/redocly lint --config redocly.yaml bad.json >/dev/null 2>&1; then
    echo "a linter does not see that all operations have the same id" >&2
    exit 1
fi
./node_modules/.bin/spectral lint --fail-severity hint --ruleset spectral.yaml all.json api2.json api3.json actions.json either.json both.json
./node_modules/.bin/redocly lint --config redocly.yaml all.json api2.json api3.json actions.json either.json both.json
