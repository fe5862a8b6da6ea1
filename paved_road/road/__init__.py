"""Roads, their templates and releases: resolve a source, fetch it once into the cache, read a release's files.

Nothing is imported here, so that code that needs one small module of the room does not pay for the others.
"""
