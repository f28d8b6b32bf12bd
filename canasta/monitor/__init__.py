"""Outcomes and drift: how good the published forecasts were, and how prices behave."""
