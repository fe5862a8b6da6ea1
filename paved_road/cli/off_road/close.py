"""`paved off-road close`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common
from paved_road.errors import UsageError, nearest

_ENDINGS = "resolved, revoked, rejected or superseded."
_HEIR = "The deviation that replaces it."


def close(
    slug: common.Slug,
    status: Annotated[str, common.option("--as", "STATUS", _ENDINGS, completion.ending)] = "resolved",
    by: Annotated[str | None, common.option("--superseded-by", "SLUG", _HEIR, completion.slug)] = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """End a deviation. Its file stays, because it is useful to know why the service left the road and came back.

    \b
    Examples:
      paved off-road close own-base-image                   resolved: the service is back on the road
      paved off-road close own-base-image --as revoked      no longer approved: the difference fails again
      paved off-road close own-base-image --superseded-by distroless-image
    """
    from paved_road.offroad import lifecycle

    wanted = "superseded" if by else status
    if wanted not in completion.ENDINGS:
        raise UsageError(f"a deviation cannot be closed as {wanted!r}", hint=nearest(wanted, completion.ENDINGS))
    opened = where.open_service(service)
    deviation = lifecycle.close(opened, slug, wanted, today=common.day(), by=by)
    common.print_changed("close", opened, deviation, f"{slug} is {wanted}", json=json)
