"""Under which names MLflow holds what Canasta puts there."""

CHAMPION = "champion"
CHALLENGER = "challenger"
"""Aliases of the registered model's versions."""

BUNDLE_FOLDER = "bundle"
"""Where a run keeps its bundle's files among its artifacts."""

SOURCE_TAG = "source"
"""Tag of a version: kind of the lake whose prices it was fitted on."""

RECIPE_TAG = "recipe"
"""Tag of a version: its recipe as JSON."""

BUNDLE_TAG = "bundle_sha256"
"""Tag of a version: the SHA-256 of its bundle."""
