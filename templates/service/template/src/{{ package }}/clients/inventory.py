"""The inventory: how many of an item are in stock. Orders can be read without it."""

from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import AnyHttpUrl, BaseModel, ValidationError

from ..paved import Client, Dependency, Policy


class Stock(BaseModel):
    stock: int | Literal["unknown"]
    degraded: bool = False


UNKNOWN = Stock(stock="unknown", degraded=True)


def dependency(base_url: AnyHttpUrl) -> Dependency:
    return Dependency(
        name="inventory",
        base_url=str(base_url),
        critical=False,
        policy=Policy(deadline=1.0, attempt_timeout=0.4),
        fallback=UNKNOWN.model_dump(),
    )


async def client(request: Request) -> Client:  # async, or FastAPI would take a thread for it
    inventory: Client = request.app.state.inventory
    return inventory


Inventory = Annotated[Client, Depends(client)]


async def stock_of(item: int, inventory: Client) -> Stock:
    response = await inventory.get(f"/items/{item}")
    try:
        return Stock.model_validate_json(response.body)
    except ValidationError:  # an item it does not know, or an answer that is none
        return UNKNOWN
