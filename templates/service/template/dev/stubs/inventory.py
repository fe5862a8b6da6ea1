"""A stub of the inventory for development and tests: `python dev/stubs/inventory.py --port 9090`."""

from serve import serve

STOCK = {"42": 17, "7": 0}


def answer(method: str, path: str) -> tuple[int, object]:
    item = path.removeprefix("/items/")
    if method == "GET" and item in STOCK:
        return 200, {"item": int(item), "stock": STOCK[item]}
    return 404, {"title": "Not Found", "status": 404}


def main() -> None:
    serve("inventory", answer)


if __name__ == "__main__":
    main()
