"""`paved off-road renew`."""

from __future__ import annotations

from pathlib import Path

from paved_road.cli import options, where
from paved_road.cli.off_road import common


def renew(
    slug: common.Slug,
    by: common.By = None,
    days: common.Days = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """Look at an accepted record again and let it hold for longer. It excuses what was approved, and no more.

    A difference that is not the approved one is not renewed but accepted, or taken back.

    \b
    Examples:
      paved off-road renew own-base-image
      paved off-road renew own-base-image --days 30 --by ann@acme.example
    """
    from paved_road.offroad import lifecycle
    from paved_road.settings.config import load_config

    found = where.open_service(service)
    record = lifecycle.renew(found, slug, load_config(directory=found.path), today=common.day(), by=by, days=days)
    common.tell("renew", found, record, f"{slug} holds until {record.deviation.review_by}", json=json)
