"""`GET /forecasts`: the loaded forecasts, in the report's columns, as JSON or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Flask, Response, request

from deployment.app.api import Api
from deployment.app.live import Live
from deployment.app.matching import labels
from deployment.app.problems import ProblemError
from deployment.app.table import Row, Table

JSON, CSV = "application/json", "text/csv"
FORMATS = {"json": JSON, "csv": CSV}
FORMAT, HORIZONS = "format", ("horizonte", "horizon")


class Forecasts:
    """Answers from the table of what is served, made once for each load."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._made: tuple[Live, Table] | None = None

    def view(self) -> Response:
        """Answer the request at hand."""
        live = self._api.live
        table = self._table(live)
        asked, warnings = self._asked(live)
        rows = table.where(*asked)
        if _format() == CSV:
            headers = {"Content-Disposition": f'inline; filename="forecasts_{live.origin}.csv"'}
            return Response(table.csv(rows), content_type=f"{CSV}; charset=utf-8", headers=headers)
        content = {
            "origin": live.origin.isoformat(),
            "model": live.model.as_dict(),
            "forecasts": table.as_dicts(rows),
            "warnings": [*warnings, *self._api.common(live)],
        }
        return Response(json.dumps(content, ensure_ascii=False), content_type=JSON)

    def _table(self, live: Live) -> Table:
        made = self._made
        if made is None or made[0] is not live:
            self._made = made = (live, Table.of(live, self._api.traits))
        return made[1]

    def _asked(self, live: Live) -> tuple[list[Callable[[Row], bool]], list[str]]:
        """Return tests of a row, and warnings of labels that were not quite known."""
        columns = self._api.traits.keys.columns
        _check_known({*columns, FORMAT, *HORIZONS})
        tests: list[Callable[[Row], bool]] = []
        warnings: list[str] = []
        for at, column in enumerate(columns):
            given = request.args.getlist(column)
            if given:
                found = [labels(live.directory, at, label) for label in given]
                warnings += [warning for one in found for warning in one.warnings]
                tests.append(_has(at, {label for one in found for label in one.labels}))
        horizon = _horizon(len(live.targets))
        if horizon is not None:
            tests.append(lambda row: row.horizon == horizon)
        return tests, warnings


def _has(at: int, labels: set[str]) -> Callable[[Row], bool]:
    return lambda row: row.key[at] in labels


def _check_known(names: set[str]) -> None:
    unknown = sorted(name[:100] for name in request.args if name not in names)
    if unknown:
        raise ProblemError(
            "invalid-request",
            f"{', '.join(unknown[:10])}: no such parameter. There are {', '.join(sorted(names))}.",
        )


def _horizon(last: int) -> int | None:
    given = {text for name in HORIZONS for text in request.args.getlist(name)}
    if not given:
        return None
    horizons = {str(horizon): horizon for horizon in range(1, last + 1)}
    if len(given) > 1 or not given <= horizons.keys():
        raise ProblemError(
            "invalid-request",
            f"{HORIZONS[0]} must be one number from 1 to {last}.",
            field=HORIZONS[0],
        )
    return horizons[given.pop()]


def _format() -> str:
    given = set(request.args.getlist(FORMAT))
    if not given:
        best = request.accept_mimetypes.best_match([JSON, CSV], default=JSON)
        return best or JSON
    if len(given) > 1 or not given <= FORMATS.keys():
        raise ProblemError("invalid-request", f"{FORMAT} must be json or csv.", field=FORMAT)
    return FORMATS[given.pop()]


def add(app: Flask, api: Api) -> None:
    """Add the address to `app`."""
    app.add_url_rule("/forecasts", "forecasts", Forecasts(api).view, methods=["GET"])
