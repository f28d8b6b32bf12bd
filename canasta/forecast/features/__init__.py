"""Features: what an origin knows of a price's coming change, one definition for panel and row."""
