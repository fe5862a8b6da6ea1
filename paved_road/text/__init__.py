"""Text for people: tables, counted nouns, and other people's text without control characters or passwords."""
