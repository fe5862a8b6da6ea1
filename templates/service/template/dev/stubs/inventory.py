"""A stub of the inventory for development and tests: `python dev/stubs/inventory.py --port 9090`."""

import argparse
import contextlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOCK = {"42": 17, "7": 0}


class Inventory(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms for the acknowledgement of the headers

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the caller has stopped waiting
            super().handle()

    def do_GET(self) -> None:
        item = self.path.removeprefix("/items/")
        if self.path == "/livez":
            self.answer(200, {"status": "live"})
        elif item in STOCK:
            self.answer(200, {"item": int(item), "stock": STOCK[item]})
        else:
            self.answer(404, {"title": "Not Found", "status": 404})

    def answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "9090")))
    arguments = parser.parse_args()
    with ThreadingHTTPServer((arguments.host, arguments.port), Inventory) as server:
        print(f"inventory stub on http://{arguments.host}:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
