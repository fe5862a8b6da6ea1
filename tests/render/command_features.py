"""What Copier's users type and what they set for themselves, and the counterpart here. See `copier_features`."""

from __future__ import annotations

from tests.render.copier_features import Feature

ROWS: tuple[Feature, ...] = ()
