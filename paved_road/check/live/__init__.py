"""The checks that start a service and hurt it. They know it by its run contract only, so any language will do.

Every module here is loaded by `registry.built_in_checks`.
"""
