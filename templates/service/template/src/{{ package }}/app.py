"""What this service is made of, in one look."""

from fastapi import FastAPI

from . import SERVICE
from .api import orders
from .clients import inventory
from .paved import Runtime
from .settings import Settings


def create_app(settings: Settings) -> FastAPI:
    runtime = Runtime(SERVICE, settings)
    app = runtime.app()
    app.state.inventory = runtime.client(inventory.dependency(settings.inventory_url))
    app.include_router(orders.router)
    return app
