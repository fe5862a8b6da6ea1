"""Child processes and their limits.

- `child.run` starts one command and waits for it: tasks, migrations, derived files, Copier's reference renderer.
- `limits` bounds what an evaluation may use, in this process or in a child.

Live checks will start a service, listen for what it calls, and send it requests: `run`, `listen` and `ask` belong here,
next to `child`, and know nothing of checks.
"""
