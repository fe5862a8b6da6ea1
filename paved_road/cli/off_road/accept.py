"""`paved off-road accept`."""

from __future__ import annotations

from pathlib import Path

from paved_road.cli import options, where
from paved_road.cli.off_road import common


def accept(
    slug: common.Slug,
    by: common.By = None,
    days: common.Days = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """Accept a record. It then excuses exactly this difference, until its review.

    At or above the risk that the road names, somebody other than the person who asked must accept it, and the change
    must be committed.

    \b
    Examples:
      paved off-road accept own-base-image
      paved off-road accept own-base-image --by ann@acme.example --days 60
    """
    from paved_road.offroad import lifecycle
    from paved_road.settings.config import load_config

    found = where.open_service(service)
    record = lifecycle.accept(found, slug, load_config(directory=found.path), today=common.day(), by=by, days=days)
    common.tell("accept", found, record, f"{slug} is accepted until {record.deviation.review_by}", json=json)
