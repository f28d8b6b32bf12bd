"""The page that watches: how forecasts do, what the market does, what was decided, what waits."""
