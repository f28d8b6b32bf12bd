"""The files by which Canasta's environment and the peers' exchange. Both import this module.

| file | what |
| --- | --- |
| `history.parquet` | `series` (a number), `date`, `price`: all publications, null: not quoted |
| `origins.parquet` | `origin`, `refit`: dates; the fit of `refit` serves `origin` |
| `request.json` | `horizons` (how many), `levels` (of quantiles), `seed` |
| `forecasts/<peer>.parquet` | see COLUMNS |
| `report.json` | `seconds` by peer, and `versions` by package |
"""

HISTORY = "history.parquet"
ORIGINS = "origins.parquet"
REQUEST = "request.json"
FORECASTS = "forecasts"
REPORT = "report.json"

COLUMNS = ("peer", "origin", "series", "horizon", "mean", "sd", "quantiles")
"""Of a forecast price: `sd` where the peer's distribution is normal, `quantiles` (a list, at the
levels of the request) where it is another one, neither where it is a point."""
