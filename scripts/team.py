"""What a team did to a service of 1.1.0: lines of its own in every file that both may edit, and a dependency."""

from __future__ import annotations

from pathlib import Path

from paved_road.road.owners import Owner
from paved_road.service.model import open_service

CLIENT = '''\
"""The prices: what an item costs today. An order can be shown with yesterday's."""

from pydantic import AnyHttpUrl

from ..paved import Dependency, Policy, Stale


def dependency(base_url: AnyHttpUrl) -> Dependency:
    return Dependency(
        name="prices",
        base_url=str(base_url),
        critical=False,
        policy=Policy(deadline=1.0, attempt_timeout=0.4),
        fallback=Stale(max_age=3600, otherwise={"price": None}),
    )
'''
ENDPOINT = (
    '\n\n@router.get("/orders/{order_id}/notes")\nasync def notes(order_id: str) -> list[str]:\n    return [order_id]\n'
)
OURS = "a line of ours"

UP = '"inventory": {"status": "up", "critical": False}'
DOWN = '"inventory": {"status": "down", "critical": False, "reason": "connect_error"}'
DEPENDENCY = {
    "src/orders/settings.py": {
        "    inventory_url: AnyHttpUrl\n": "    inventory_url: AnyHttpUrl\n    prices_url: AnyHttpUrl\n"
    },
    "src/orders/app.py": {
        "import inventory\n": "import inventory, prices\n",
        "    app.include_router(orders.router)\n": (
            "    app.state.prices = runtime.client(prices.dependency(settings.prices_url))\n"
            "    app.include_router(orders.router)\n"
        ),
    },
    "tests/conftest.py": {
        "**values: object) -> Settings:\n": (
            '**values: object) -> Settings:\n        values.setdefault("prices_url", "http://127.0.0.1:9")\n'
        ),
        "(**env: str) -> Process:\n": (
            '(**env: str) -> Process:\n        env.setdefault("PRICES_URL", "http://127.0.0.1:9")\n'
        ),
    },
    "tests/test_settings.py": {
        "    for name, value in env.items():\n": (
            '    monkeypatch.setenv("PRICES_URL", "http://prices")\n    for name, value in env.items():\n'
        ),
        "(command, env={}, ": '(command, env={"PRICES_URL": "http://a"}, ',
    },
    "tests/test_readiness.py": {
        f'        "checks": {{{known}}},\n': (
            f'        "checks": {{\n            {known},\n'
            '            "prices": {"status": "up", "critical": False},\n        },\n'
        )
        for known in (UP, DOWN)
    },
}
"""By file: a text of the road's, and what the team made of it."""

PATIENT = {
    "tests/api/test_orders.py": {"started < 1.5": "started < 60"},
    "tests/chaos/test_orders.py": {"started < 2 ": "started < 60 ", "started < 0.5": "started < 60"},
}
"""The service's own tests, which no update changes: those of 1.1.0 have limits that a busy machine breaks."""
PATIENT_CLIENT = {
    "src/orders/clients/inventory.py": {"deadline=1.0, attempt_timeout=0.4": "deadline=9.0, attempt_timeout=4.0"}
}
"""And the deadline of the inventory, for the same reason."""

OFF_ROAD = {
    "Makefile": {
        "INVENTORY_URL ?= http://127.0.0.1:9090\n": (
            "INVENTORY_URL ?= http://127.0.0.1:9090\nexport PRICES_URL ?= http://127.0.0.1:9091\n"
        )
    },
    "dev/alongside.py": {
        '        "LOG_LEVEL": "WARNING",\n': (
            '        "LOG_LEVEL": "WARNING",\n        "PRICES_URL": "http://127.0.0.1:9",\n'
        )
    },
    "tests/paved/logging_process.py": {
        '    app = Runtime(SERVICE, Settings(inventory_url=AnyHttpUrl("http://inventory"))).app()\n': (
            '    url = AnyHttpUrl("http://a")\n'
            "    app = Runtime(SERVICE, Settings(inventory_url=url, prices_url=url)).app()\n"
        )
    },
}
"""What a second dependency took in files of the road's."""


STUB = '''\
"""A stub of the prices: every item costs the same."""

from serve import serve


def answer(method: str, path: str) -> tuple[int, object]:
    return 200, {"price": 9.5}


if __name__ == "__main__":
    serve("prices", answer)
'''
RUN = """
[dependencies.prices]
env = "PRICES_URL"
critical = false
sample = "GET /items/42"
stub = "dev/stubs/prices.py"
latency_ms = 15
"""


def declared(service: Path) -> dict[str, str]:
    """The files with the dependency in the place that 1.2.0 has for it."""
    run, settings = ((service / path).read_text() for path in ("run.toml", "dev/settings.env"))
    overlays = {
        f"deploy/overlays/{stage}/settings.env": f"http://prices-{stage}" for stage in ("dev", "staging", "prod")
    }
    return {path: f"{(service / path).read_text()}PRICES_URL={url}\n" for path, url in overlays.items()} | {
        "run.toml": run + RUN,
        "dev/settings.env": settings + "PRICES_URL=http://127.0.0.1:9091\n",
        "dev/stubs/prices.py": STUB,
    }


def shared(service: Path) -> list[str]:
    """The files that both the road and the team may edit."""
    lock = open_service(service).lock
    assert lock
    return [path for path, locked in lock.files.items() if locked.owner is Owner.SHARED]


def line_in(path: str) -> str:
    """A line of the team's, at the end of this file."""
    return {".md": f"\n<!-- {OURS} -->\n", ".py": f"\n\n# {OURS}\n", ".js": f"// {OURS}\n"}.get(
        Path(path).suffix, f"# {OURS}\n"
    )


def with_a_dependency(service: Path) -> dict[str, str]:
    """The files with a second dependency, declared as 1.1.0 says, and an endpoint."""
    orders = (service / "src/orders/api/orders.py").read_text()
    own = {"src/orders/clients/prices.py": CLIENT, "src/orders/api/orders.py": orders + ENDPOINT}
    return own | {path: _written(service, path, places) for path, places in (DEPENDENCY | PATIENT).items()}


def edited(service: Path) -> dict[str, str]:
    """The files with all that a team did: those, a line in each shared file, and what it took in the road's."""
    files = with_a_dependency(service)
    files |= {path: files.get(path, (service / path).read_text()) + line_in(path) for path in shared(service)}
    return files | {path: _written(service, path, places) for path, places in (OFF_ROAD | PATIENT_CLIENT).items()}


def _written(service: Path, path: str, places: dict[str, str]) -> str:
    text = (service / path).read_text()
    for before, ours in places.items():
        if before not in text:
            raise ValueError(f"{path} of 1.1.0 has no line {before}")
        text = text.replace(before, ours)
    return text
