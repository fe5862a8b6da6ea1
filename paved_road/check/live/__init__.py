"""The checks that start a service and hurt it. They know it by its run contract only, so any language will do."""

from __future__ import annotations

from paved_road.check.live import starting

__all__ = ["starting"]
