"""The stages of an update before its merge, together."""

from __future__ import annotations

from dataclasses import dataclass

from paved_road.update.inputs import Inputs
from paved_road.update.model import Context
from paved_road.update.sides import Aligned
from paved_road.update.start import Start
from paved_road.update.target import New


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The stages of an update before its merge."""

    context: Context
    start: Start
    new: New
    inputs: Inputs
    aligned: Aligned
