#!/bin/sh
# Brings this service to the road's latest release on a branch of its own, for a pull or merge request: dev/propose_update.sh BODY.md
# What changes goes to BODY.md; branch=... and title=... to standard output, nothing when there is nothing to propose.
set -eu
body=$1 before=$(git rev-parse HEAD)
git config user.email >/dev/null || git config user.email road@localhost
git config user.name >/dev/null || git config user.name Road
if ! ${PAVED:-dev/paved} update --defaults --branch road/update >"$body"; then
  cat "$body" >&2
  echo "error: a person has to decide; on a laptop: paved update" >&2
  exit 1
fi
[ "$(git rev-parse HEAD)" != "$before" ] || exit 0
version=$(sed -n '1s/.*-> //p' "$body")
git branch --quiet --move "road/$version"
echo "branch=road/$version"
echo "title=The road's release $version"
