"""Tasks: each wraps one call into canasta, with its line at the terminal."""
