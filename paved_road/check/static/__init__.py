"""The checks that read a service's files. They execute nothing, follow no link out, and fetch nothing."""
