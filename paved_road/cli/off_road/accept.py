"""`paved off-road accept` and `paved off-road renew`."""

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
    """Accept a deviation. It then covers exactly this difference, until its review.

    At or above the road's `approval_from` risk, someone other than the requester must approve, after the change is
    committed.

    \b
    Examples:
      paved off-road accept own-base-image
      paved off-road accept own-base-image --by ann@acme.example --days 60
    """
    from paved_road.offroad import lifecycle
    from paved_road.settings.config import load_config

    opened = where.open_service(service)
    deviation = lifecycle.accept(opened, slug, load_config(directory=opened.path), today=common.day(), by=by, days=days)
    common.print_changed(
        "accept", opened, deviation, f"{slug} is accepted until {deviation.fields.review_by}", json=json
    )


def renew(
    slug: common.Slug,
    by: common.By = None,
    days: common.Days = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """Extend an accepted deviation after you have reviewed it. It covers what was approved, and no more.

    If the difference is no longer the approved one, accept it or undo it first.

    \b
    Examples:
      paved off-road renew own-base-image
      paved off-road renew own-base-image --days 30 --by ann@acme.example
    """
    from paved_road.offroad import lifecycle
    from paved_road.settings.config import load_config

    opened = where.open_service(service)
    deviation = lifecycle.renew(opened, slug, load_config(directory=opened.path), today=common.day(), by=by, days=days)
    common.print_changed("renew", opened, deviation, f"{slug} is valid until {deviation.fields.review_by}", json=json)
