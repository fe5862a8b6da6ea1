"""The entry point: reads the settings, composes the application, serves it until it is told to stop."""

from . import SERVICE
from .app import create_app
from .paved import run
from .settings import Settings


def main() -> None:
    run(SERVICE, Settings, create_app)


if __name__ == "__main__":
    main()
