"""Reading and writing files that strangers wrote: within limits, and without following links out of their folder."""
