"""Canasta: daily price forecasts for basic commodities. The domain, without Prefect and Flask."""
