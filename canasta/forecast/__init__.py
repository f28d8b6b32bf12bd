"""From the lake to forecasts: panel, features, models, and how good they are."""
