"""`make explain`: the story of a forecast, and the report by slice, from a lake that has lived."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_bytes, forecasts_key
from canasta.deliver.report import ModelName
from canasta.forecast.history import read_panel
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake
from canasta.registry.bundle import read_bundle
from canasta.registry.panels import read_panel as read_published
from orchestration.__main__ import main
from simulate_publication import publish_files, simulate
from simulate_publication.layout import SIMULATION
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.outlooks import drawn_outlook
from tests.unit.ingest.builders import LIMITS

DAY = FirstRun.DAY
LATER = date(2024, 10, 14)
KEY = ("Veracruz", "Veracruz", "Ultrapasteurizada", "Autoservicios")
NUMBER = r"[+-]?\d+\.\d+"
LAST_NUMBER = re.compile(rf"({NUMBER}) *$", re.MULTILINE)


def asked(key: tuple[str, ...]) -> list[str]:
    columns = ("Estado", "Ciudad", "Tipo", "Canal")
    return [
        word
        for column, label in zip(columns, key, strict=True)
        for word in ("--label", f"{column}={label}")
    ]


def explained(
    capsys: pytest.CaptureFixture[str], *more: str, key: tuple[str, ...] = KEY, day: str = DAY
) -> str:
    capsys.readouterr()
    assert main(["explain", *asked(key), "--date", day, *more]) == 0
    return capsys.readouterr().out


def forecasts_in(said: str) -> list[list[float]]:
    """The numbers of each horizon: median, mean, three probabilities in percent, two ranges."""
    rows = re.findall(r"^  [1-6]   \d{4}-\d\d-\d\d   \w{3} (.+)$", said, re.MULTILINE)
    return [[float(number) for number in re.findall(NUMBER, row)] for row in rows]


@pytest.mark.parametrize(
    ("version", "algorithm"), [(1, "persistence"), (2, "random-forest"), (3, "xgboost")]
)
def test_story_tells_the_published_forecasts(
    version: int, algorithm: str, at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    if version != at_home.pointer.title.version:
        assert main(["promote", str(version), "--date", DAY]) == 0
    before = at_home.hashes()
    said = explained(capsys)
    assert at_home.hashes() == before, "nothing is stored"
    assert f"Champion  version {version} of milk-price-predictor, {algorithm}" in said
    published = read_published(at_home.lake, at_home.pointer.panel)
    outlook, row = published.outlook, published.panel.keys.index(KEY)
    told = forecasts_in(said)
    assert len(told) == 6
    ends = [end for share in (0.8, 0.95) for end in outlook.interval(share)]
    for at, numbers in enumerate(told):
        cell = (row, at)
        prices = [outlook.median[cell].round(2), outlook.mean[cell].round(4)]
        chances = [outlook.p_change[cell], outlook.p_up[cell], outlook.p_down[cell]]
        percents = [round(100 * round(chance, 4), 2) for chance in chances]
        assert numbers == [*prices, *percents, *(end[cell].round(2) for end in ends)]
    assert ("Persistence is champion: no feature has a say" in said) == (version == 1)
    assert ("(SHAP values)" in said) == (version != 1)


def test_story_tells_the_reports_numbers_to_the_cent(
    at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    report = at_home.report(FirstRun.TARGET)
    (row,) = report[(report[["Estado", "Ciudad", "Tipo", "Canal"]] == list(KEY)).all(axis=1)].index
    first = forecasts_in(explained(capsys))[0]
    names = ["Precio_sugerido", "Precio_medio", "bajo_80", "alto_80", "bajo_95", "alto_95"]
    assert [*first[:2], *first[5:]] == [report.loc[row, name] for name in names]
    assert first[2] == pytest.approx(100 * report.loc[row, "prob_cambio"], abs=1e-9)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("horizon", [1, 4])
def test_features_add_up_to_what_each_head_says(
    version: int, horizon: int, at_home: House, capsys: pytest.CaptureFixture[str]
) -> None:
    if version != at_home.pointer.title.version:
        assert main(["promote", str(version), "--date", DAY]) == 0
    said = explained(capsys, "--horizon", str(horizon))
    bundle = read_bundle(at_home.lake, at_home.pointer.title.bundle)
    assert f", {horizon} publication" in said
    heads = re.split(r"^ +what it says on average", said, flags=re.MULTILINE)[1:]
    assert len(heads) == len(bundle.predictor.hurdles[horizon - 1].heads) == 5
    for head in heads:
        until = head.split("what it says now")
        base, *adds = (float(number) for number in LAST_NUMBER.findall(until[0]))
        assert 2 <= len(adds) <= 9, "eight features, and the others together"
        (now,) = LAST_NUMBER.findall(until[1].splitlines()[0])
        assert base + sum(adds) == pytest.approx(float(now), abs=1e-3)
    assert "From the trees to the published distribution" in said
    (raw, calibrated, published) = re.findall(
        rf"Whether it changes: P\(change\) +({NUMBER})% +({NUMBER})% +({NUMBER})%", said
    )[0]
    assert calibrated == published
    assert float(published) == forecasts_in(said)[horizon - 1][2]
    assert 0 < float(raw) < 100


@pytest.fixture
def two_days_later(at_home: House, milk: Commodity) -> House:
    """Two more publications came; the forecasts of the first run were of both."""
    published = at_home.folder / "publications"
    publish_files(published, simulate(milk, 1, LATER), milk, layout=SIMULATION)
    summary = ingest(Lake(at_home.lake, milk), published.as_uri(), LATER, LIMITS)
    assert {*summary.new, *summary.backfilled} == {date(2024, 10, 11), LATER}
    return at_home


def test_record_begins_with_what_came(
    two_days_later: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(capsys)
    assert "Record, 1 publication ahead: nothing has come yet that was forecast for it." in said
    panel = read_panel(Lake(two_days_later.lake, milk), milk, LATER)
    last, *came = panel.prices[panel.keys.index(KEY), -3:].tolist()
    published = read_published(two_days_later.lake, two_days_later.pointer.panel)
    row = published.panel.keys.index(KEY)
    for horizon, price in enumerate(came, start=1):
        said = explained(capsys, "--horizon", str(horizon), day=str(LATER))
        moved = int(price != last)
        assert f"origin: 1 came, {moved} with another price than the last one." in said
        median = published.outlook.median[row, horizon - 1]
        off, base = abs(median - price), abs(last - price)
        assert f"MAE {off:.4f} against the last price's {base:.4f}" in said
        assert re.search(rf"^  {panel.dates[-3 + horizon]} +3 .* {price:.2f} ", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "Estado=Jalisco"], "Ciudad, Tipo, Canal is missing. Name all of them"),
        (["--label", "Grano=x"], "Grano is none of them and Estado, Ciudad, Tipo, Canal is"),
        (["--label", "Jalisco"], "write column and label as Estado=Jalisco."),
        (["--label", "Estado= "], "write column and label as Estado=Jalisco."),
        (["--horizon", "7"], "HORIZON=7 lies outside of 1 to 6 publications."),
        (asked(("Veracruz", "xalpa", *KEY[2:])), "'xalpa' is not known. The nearest: Xalapa, Tlax"),
        (asked(("Jalisco", *KEY[1:])), "Jalisco, Veracruz, Ultrapasteurizada, Autoservicios was n"),
        ([*asked(KEY), "--date", "2024-09-02"], "Nobody was champion on 2024-09-02"),
        (["--date", "2023-01-02"], "2023-01-02"),
    ],
)
@pytest.mark.usefixtures("at_home")
def test_what_cannot_be_explained_is_told(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("at_home")
def test_series_that_is_not_forecast_has_a_story_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = explained(capsys, key=("Yucatán", "Mérida", "Pasteurizada", "Tiendas"))
    assert "Price     never quoted" in said
    assert "Forecast  none: forecast is what was quoted within the last 30 publications" in said
    assert "quotes, MXN" not in said
    assert "SHAP" not in said


@pytest.mark.usefixtures("at_home")
def test_slices_need_some_outcomes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--date", DAY]) == 0
    said = capsys.readouterr().out
    assert "Record    0 publications came that were forecast 1 publication ahead\n" in said
    assert "Too few to tell slices apart, which takes 10: `make backtest`" in said


def test_slices_are_told_by_state_type_channel_and_region(
    at_home: House, milk: Commodity, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = read_panel(Lake(at_home.lake, milk), milk, date.fromisoformat(DAY))
    for count in range(len(panel.dates) - 12, len(panel.dates)):
        known = panel.cut(count)
        outlook, model = drawn_outlook(known, seed=count), ModelName("xgboost", 9, simulated=True)
        content = forecasts_bytes(known, outlook, milk, model, datetime(2024, 10, 1, tzinfo=UTC))
        at_home.lake.write_once(forecasts_key(known.origin, 9), content)
    assert main(["explain", "--date", DAY]) == 0
    said = capsys.readouterr().out
    assert "(DATOS SIMULADOS), as of 2024-10-09" in said
    assert re.search(r"Record    1[012] publications came .*2024-10-09\n", said)
    for grouping in ("Estado", "Tipo", "Canal", "Tipo × Canal × region"):
        assert f"By {grouping}" in said
    # Forecasts drawn at random are worse nearly everywhere.
    states = re.findall(r"^  (.+?)  +\d+ .* worse by .*CRPS *$", said, re.MULTILINE)
    assert len(set(states)) > 20
    worse, total, chance = map(
        int, re.findall(r"(\d+) of (\d+) comparisons.* about (\d+)\.", said)[0]
    )
    assert worse > total / 2
    assert 0 < chance < total / 8
