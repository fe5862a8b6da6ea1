"""`paved check` tells whether a service is ready for production.

Static checks read the service's files. Live checks start the service on this machine, put controllable stand-ins in the
place of its dependencies, and hurt it. The parts, from the first to the last that a run needs:

- `contract/`: how the service is started and what it calls (the run contract)
- `model.py`, `registry.py`: what a check is, what it may say, and which ones exist
- `static/`: the checks that read
- `live/`: the checks that run the service; `live/lab.py` is all that they need
- `engine.py`: runs the checks, applies deviations, and works out the level
"""
