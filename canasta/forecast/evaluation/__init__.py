"""How good forecasts are: rolling origins, measures, and where they fail."""
