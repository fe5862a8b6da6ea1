"""The two renderers, for tests that are not about which of them renders."""

from __future__ import annotations

import pytest

from paved_road.render import verified


def assume_agreement(patch: pytest.MonkeyPatch, *, agree: bool = True) -> None:
    """Let every release count as one for which the renderers were compared: comparing them takes a second each."""
    patch.setattr(verified, "recall", lambda *_: agree)
