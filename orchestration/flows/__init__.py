"""Flows: they say the order of the tasks, and nothing else."""
