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
    """Agree to a record: from now on it excuses the difference as it is, and no other, until its review.

    From the risk on that the road names, somebody else than who asked has to agree, to a change that is committed.

    \b
    Examples:
      paved off-road accept own-base-image
      paved off-road accept own-base-image --by ann@acme.example --days 60
    """
    from paved_road.config import load
    from paved_road.offroad import lifecycle

    found = where.open_service(service)
    record = lifecycle.accept(found, slug, load(directory=found.path), today=common.day(), by=by, days=days)
    common.tell("accept", record, f"{slug} is accepted until {record.deviation.review_by}", json=json)
