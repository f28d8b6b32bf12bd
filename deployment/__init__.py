"""How forecasts are answered online: one Flask application, on a laptop and in Lambda."""
