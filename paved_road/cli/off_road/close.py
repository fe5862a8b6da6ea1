"""`paved off-road close`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common
from paved_road.errors import UsageError, nearest

_CLOSED = completion.ENDINGS


def close(
    slug: common.Slug,
    status: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="STATUS",
            autocompletion=completion.ending,
            help="resolved, revoked, rejected or superseded.",
        ),
    ] = "resolved",
    by: Annotated[
        str | None,
        typer.Option(
            "--superseded-by", metavar="SLUG", autocompletion=completion.slug, help="The record that replaces it."
        ),
    ] = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """End a record. Its file stays: why the service left the road, and that it came back, is worth keeping.

    \b
    Examples:
      paved off-road close own-base-image                   resolved: the service is back on the road
      paved off-road close own-base-image --as revoked      no longer agreed to: what differs fails again
      paved off-road close own-base-image --superseded-by distroless-image
    """
    from paved_road.offroad import lifecycle

    wanted = "superseded" if by else status
    if wanted not in _CLOSED:
        raise UsageError(f"a record cannot be closed as {wanted!r}", hint=nearest(wanted, _CLOSED))
    found = where.open_service(service)
    record = lifecycle.close(found, slug, wanted, today=common.day(), by=by)
    common.tell("close", found, record, f"{slug} is {wanted}", json=json)
