"""Publications on their way into the lake: fetched, parsed, judged, kept."""
