"""Child processes, their limits, and HTTP on loopback.

- `child.run` starts one command and waits for it: tasks, migrations, derived files, Copier's reference renderer.
- `running.start` starts a program that runs until it is stopped: a service under a live check.
- `ask` sends it a request, `wire` very many; `listen` answers those that it sends, in ways that no honest server would.
- `fair` measures time without that in which the machine was too busy; `ports` finds free ports.
- `limits` bounds what an evaluation may use, in this process or in a child.
"""
