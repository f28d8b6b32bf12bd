"""Prefect: flows, their schedules, the servers beside them, and the command line."""
