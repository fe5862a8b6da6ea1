"""Reading and changing files that somebody else wrote: within limits, following no link out of their folder."""
