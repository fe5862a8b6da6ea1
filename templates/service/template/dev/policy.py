"""`make policy`: lets the service call what run.toml names. With --check: says whether it may.

Nothing is taken out of the network policy: what else a team has put there stays. You delete the name of a
dependency that is gone.
"""

import re
import sys

from dev.contract import ROOT, contract

FILE = ROOT / "deploy/base/network-policy.yaml"
NAMES = re.compile(r"(app\.kubernetes\.io/name, operator: In, values: \[)([^]]*)(\])")
RULE = """\
    - to: # its dependencies, wherever they run
        - namespaceSelector: {}
          podSelector:
            matchExpressions:
              - {key: app.kubernetes.io/name, operator: In, values: []}
"""


def main() -> int:
    text, path = FILE.read_text(), FILE.relative_to(ROOT)
    found = NAMES.search(text)
    allowed = found[2].split(", ") if found and found[2] else []
    missing = [each.name for each in contract().dependencies if each.name not in allowed]
    if not missing:
        return 0
    if "--check" in sys.argv:
        names = ", ".join(missing)
        sys.stderr.write(f"error: {path} does not let the service call {names}; run: make policy\n")
        return 1
    if found is None:
        text = text.replace("  egress:\n", f"  egress:\n{RULE}", 1)
    FILE.write_text(NAMES.sub(rf"\g<1>{', '.join([*allowed, *missing])}\g<3>", text, count=1))
    print(f"{path}: the service may call {', '.join(missing)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
