"""The inventory: how many of an item are in stock. Orders can be read without it."""

from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import AnyHttpUrl, BaseModel

from ..paved import Answer, Client, Dependency, Policy


class Stock(BaseModel):
    stock: int | Literal["unknown"]


def dependency(base_url: AnyHttpUrl) -> Dependency:
    return Dependency(
        name="inventory",
        base_url=str(base_url),
        critical=False,
        policy=Policy(deadline=1.0, attempt_timeout=0.4),
        fallback=Stock(stock="unknown"),
    )


async def client(request: Request) -> Client:  # async, or FastAPI would take a thread for it
    inventory: Client = request.app.state.inventory
    return inventory


Inventory = Annotated[Client, Depends(client)]


async def stock_of(item: int, inventory: Client) -> Answer[Stock | None]:
    """None where the inventory does not know the item."""
    return await inventory.get(f"/items/{item}", Stock | None)
