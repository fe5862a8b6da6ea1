"""Says which required setting an environment does not give the service: its pods would not start.

A setting without a default must be in the settings.env of each overlay (or of deploy/base). A SecretStr comes
from the Secret. For another that comes from elsewhere, write a comment there: `# MAIL_URL: from the Secret`.
"""

import importlib
import re
import sys
from pathlib import Path
from typing import get_args

from dev.alongside import entry_point
from dev.contract import ROOT
from pydantic import SecretBytes, SecretStr
from pydantic.fields import FieldInfo

DEPLOY = ROOT / "deploy"


def main() -> int:
    settings = importlib.import_module(f"{entry_point()}.settings").Settings
    required = [variable(name, field) for name, field in settings.model_fields.items() if expected(field)]
    base = DEPLOY / "base/settings.env"
    missing = [
        f"error: {overlay.relative_to(ROOT)}/settings.env does not set {name}\n"
        for overlay in sorted(each.parent for each in DEPLOY.glob("overlays/*/kustomization.yaml"))
        for name in required
        if not (says(base, name) or says(overlay / "settings.env", name))
    ]
    sys.stderr.writelines(missing)
    return 1 if missing else 0


def expected(field: FieldInfo) -> bool:
    secret = {SecretStr, SecretBytes} & {field.annotation, *get_args(field.annotation)}
    return field.is_required() and not secret


def variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    return (alias if isinstance(alias, str) else name).upper()


def says(file: Path, name: str) -> bool:
    text = file.read_text() if file.exists() else ""
    return re.search(rf"^({name}=\S|# {name}:)", text, re.MULTILINE) is not None


if __name__ == "__main__":
    raise SystemExit(main())
