"""Two branches of a service that were both updated, and that git has merged: `paved update --continue` resolves them.

`sides` reads what each branch has, `resolve` decides the lock and the answers file, `files` merges the other files.
"""
