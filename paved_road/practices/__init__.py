"""The practices of production readiness: what each one is, why, since when, and how it is checked.

A practice is a Markdown file, `<slug>.md`, with a front matter. The built-in ones are in `catalogue/`; a trusted road
adds its own. The checks themselves are in `paved_road.check`.
"""
