"""The stamped runtime's resilience client, as it lies in the template, where no service is stamped or installed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

TEMPLATE = Path(__file__).parents[3] / "templates" / "service" / "template"

# `paved` without its __init__, which would import the web framework: what is tested here must do without.
paved = sys.modules.setdefault("paved", ModuleType("paved"))
paved.__path__ = [str(TEMPLATE / "src" / "{{ package }}" / "paved")]
sys.path.append(str(TEMPLATE / "tests"))  # for virtual_time
