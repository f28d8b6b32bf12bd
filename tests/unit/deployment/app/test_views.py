"""What is told of the model, the series, and how serving stands."""

from datetime import UTC, date, datetime
from http import HTTPStatus

from flask.testing import FlaskClient

from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.live import Live
from tests.unit.deployment import serve


def test_model_tells_version_window_measures_and_age(live: Live) -> None:
    told = serve.client(live, at=date(2024, 8, 9)).get("/model").json
    assert told is not None
    assert told["model"] == {
        "name": "milk-price-predictor",
        "version": serve.VERSION,
        "algorithm": "xgboost",
    }
    assert told["what_if_model"] == told["model"]
    assert told["trained"] == {"first": "2024-01-03", "last": "2024-08-07"}
    assert told["metrics"] == {"rmse": 0.35, "crps": None}
    assert (told["origin"], told["data_age_days"]) == ("2024-08-07", 2)
    assert told["next_publications"][0] == "2024-08-09"
    assert (told["commodity"], told["unit"]) == ("milk", "MXN por litro")


def test_series_lists_every_pair_with_its_last_price(client: FlaskClient, live: Live) -> None:
    told = client.get("/series").json
    assert told is not None
    assert told["columns"] == list(live.panel.columns)
    listed = {tuple(one[name] for name in told["columns"]): one for one in told["series"]}
    assert set(listed) == set(live.panel.keys)
    assert listed[serve.NEVER]["last_price"] is None
    assert listed[serve.NEVER]["last_quoted"] is None
    assert not listed[serve.SELDOM]["live"]
    row = live.panel.keys.index(("Jalisco", "Guadalajara", "Pasteurizada", "Autoservicios"))
    assert listed[live.panel.keys[row]]["last_price"] == live.panel.filled[row, -1]


def test_with_nothing_loaded_only_the_process_is_well() -> None:
    client = serve.client(None)
    assert client.get("/health").status_code == HTTPStatus.OK
    ready = client.get("/ready")
    assert ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert ready.json is not None
    assert ready.json["status"] == "not-ready"
    for answer in (
        client.post("/predict", json={}),
        client.get("/forecasts"),
        client.get("/series"),
        client.get("/model"),
    ):
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.json is not None
        assert answer.json["type"] == "/problems/not-ready"
        assert int(answer.headers["Retry-After"]) > 0


def test_ready_tells_why_it_is_degraded(live: Live) -> None:
    serving = serve.FixedServing(live, ("The lake does not answer.",))
    client = create_app(Settings(auth="open"), serving, serve.noon(live.origin)).test_client()
    answer = client.get("/ready")
    assert answer.status_code == HTTPStatus.OK
    assert answer.json is not None
    assert (answer.json["ready"], answer.json["degraded"]) == (True, True)
    assert answer.json["reasons"] == ["The lake does not answer."]
    assert answer.json["version"] == serve.VERSION


def test_today_is_the_markets(live: Live) -> None:
    """At 03:00 UTC of the day after the due one, it is still the due day in Mexico."""

    def clock() -> datetime:
        return datetime(2024, 8, 10, 3, tzinfo=UTC)

    app = create_app(Settings(auth="open"), serve.FixedServing(live), clock)
    told = app.test_client().get("/ready").json
    assert told is not None
    assert told["status"] == "ready"
