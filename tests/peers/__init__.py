"""`make bench-accuracy`: other libraries' forecasts beside ours, on the same origins.

Two environments exchange files (layout.py), since the peers need other packages than Canasta:
`.venv-peers` runs forecast.py, pooled.py and local.py; `.venv` runs the rest.
"""
