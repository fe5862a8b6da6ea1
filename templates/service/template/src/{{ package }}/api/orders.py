"""Orders, as the outside sees them."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel

from ..clients.inventory import Inventory, stock_of

router = APIRouter(prefix="/orders", tags=["orders"])

# The item that each order is for. An example: a real service keeps this in a database.
ORDERS = {1: 42, 2: 7, 3: 7}


class Order(BaseModel):
    id: int
    item: int
    stock: int | Literal["unknown"]
    degraded: bool


@router.get("/{order_id}")
async def read_order(order_id: Annotated[int, Path(ge=1)], inventory: Inventory) -> Order:
    item = ORDERS.get(order_id)
    if item is None:
        raise HTTPException(404, f"There is no order {order_id}.")
    answer = await stock_of(item, inventory)
    stock = answer.value.stock if answer.value else "unknown"
    return Order(id=order_id, item=item, stock=stock, degraded=answer.degraded)
