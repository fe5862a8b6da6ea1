# The shape of FastAPI's tutorial, "First steps" and "Path parameters" (https://fastapi.tiangolo.com/tutorial/), with
# HTTPX's quick start (https://www.python-httpx.org/quickstart/). Started as its page "Run a server manually" shows.
import os

import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/orders/{order_id}")
async def read_order(order_id: int):
    async with httpx.AsyncClient() as client:
        r = await client.get(f"{os.environ['INVENTORY_URL']}/items/{order_id}")
    return {"order_id": order_id, "stock": r.json()["stock"]}
