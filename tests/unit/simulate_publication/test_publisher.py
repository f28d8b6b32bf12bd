import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from canasta.commodity import Commodity
from canasta.errors import NoPublication, SimulationError
from canasta.ingest.block import Block
from canasta.ingest.workbook import parse
from canasta.settings import Settings
from simulate_publication import ensure_simulated, publish_files, render, simulate
from simulate_publication.layout import SIMULATION
from simulate_publication.publisher import ORIGIN, Origin, claim, read_origin


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ORIGIN)


def simulated(milk: Commodity, until: date) -> bytes:
    """The workbook of the market that `settings` begins."""
    return render(simulate(milk, 3, until), milk, layout=SIMULATION)


def as_written_before_formats(folder: Path, origin: Origin) -> None:
    record = {"commodity": origin.commodity, "seed": origin.seed, "history": origin.history}
    folder.mkdir(exist_ok=True)
    (folder / ORIGIN).write_text(json.dumps(record))
    (folder / "Leche03012024.xlsx").write_bytes(b"does not say that it is simulated")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(publications=tmp_path / "publications", seed=3)


class TestPublishFiles:
    def test_the_newest_block_names_the_cumulative_file(
        self, tmp_path: Path, milk: Commodity, month: list[Block]
    ) -> None:
        (file,) = publish_files(tmp_path / "new", month[::-1], milk)
        assert file.path == tmp_path / "new" / "Leche07022024.xlsx"
        assert (file.blocks, file.written) == (len(month), True)
        assert file.path.read_bytes() == render(month, milk)

    def test_every_date_gets_what_was_known_then(
        self, tmp_path: Path, milk: Commodity, month: list[Block]
    ) -> None:
        files = publish_files(tmp_path, month[:3], milk, newest=None)
        assert [file.path.name[5:9] for file in files] == ["0301", "0501", "0801"]
        for count, file in enumerate(files, 1):
            assert file.path.read_bytes() == render(month[:count], milk)

    def test_the_last_dates_only(self, tmp_path: Path, milk: Commodity, month: list[Block]) -> None:
        publish_files(tmp_path, month[:4], milk, newest=2)
        assert names(tmp_path) == ["Leche08012024.xlsx", "Leche10012024.xlsx"]

    def test_more_dates_than_there_are(
        self, tmp_path: Path, milk: Commodity, month: list[Block]
    ) -> None:
        assert len(publish_files(tmp_path, month[:2], milk, newest=9)) == 2
        assert publish_files(tmp_path, [], milk) == []

    def test_equal_files_are_left_alone_and_others_replaced(
        self, tmp_path: Path, milk: Commodity, month: list[Block]
    ) -> None:
        (first,) = publish_files(tmp_path, month[:1], milk)
        stamp = first.path.stat()
        (second,) = publish_files(tmp_path, month[:1], milk)
        assert not second.written
        assert second.path.stat().st_ino == stamp.st_ino
        first.path.write_bytes(b"damaged")
        (third,) = publish_files(tmp_path, month[:1], milk)
        assert third.written
        assert names(tmp_path) == [first.path.name]

    def test_prices_of_a_seed_say_that_they_are_simulated_and_real_ones_do_not(
        self, tmp_path: Path, milk: Commodity, month: list[Block]
    ) -> None:
        for origin, says_so in ((Origin("milk", seed=3), True), (Origin("milk", history="/x"), 0)):
            (file,) = publish_files(tmp_path, month[:3], milk, layout=origin.layout)
            parsed = parse(file.path.read_bytes(), milk)
            assert parsed.simulated == says_so
            assert parsed.blocks == month[:3]

    def test_every_simulated_block_says_so(
        self, tmp_path: Path, milk: Commodity, month: list[Block]
    ) -> None:
        (file,) = publish_files(tmp_path, month[:3], milk, layout=SIMULATION)
        cells = [row[0] for row in openpyxl.load_workbook(file.path).worksheets[0].values]
        assert sum(str(cell).startswith("DATOS SIMULADOS") for cell in cells) == 3


class TestClaim:
    def test_a_claim_holds_and_may_be_repeated(self, tmp_path: Path) -> None:
        folder = tmp_path / "publications"
        assert read_origin(folder) is None
        claim(folder, Origin("milk", seed=1))
        claim(folder, Origin("milk", seed=1))
        assert read_origin(folder) == Origin("milk", seed=1)

    def test_simulated_workbooks_of_an_older_format_are_removed(self, tmp_path: Path) -> None:
        origin = Origin("milk", seed=1)
        as_written_before_formats(tmp_path, origin)
        held = read_origin(tmp_path)
        assert held == origin
        assert held.outdated
        claim(tmp_path, origin)
        assert names(tmp_path) == []
        renewed = read_origin(tmp_path)
        assert renewed == origin
        assert not renewed.outdated

    def test_workbooks_of_real_history_have_no_format(self, tmp_path: Path) -> None:
        origin = Origin("milk", history="/prices")
        as_written_before_formats(tmp_path, origin)
        claim(tmp_path, origin)
        assert names(tmp_path) == ["Leche03012024.xlsx"]

    @pytest.mark.parametrize(
        "other", [Origin("milk", seed=2), Origin("queso", seed=1), Origin("milk", history="prices")]
    )
    def test_another_market_is_refused(self, tmp_path: Path, other: Origin) -> None:
        claim(tmp_path, Origin("milk", seed=1))
        with pytest.raises(SimulationError, match=r"milk, seed 1; asked for .*PUBLICATIONS"):
            claim(tmp_path, other)

    def test_workbooks_of_unknown_origin_are_not_joined(self, tmp_path: Path) -> None:
        (tmp_path / "Leche03012024.xlsx").write_bytes(b"somebody's")
        with pytest.raises(SimulationError, match=r"not written here.*PUBLICATION_URL.*file://"):
            claim(tmp_path, Origin("milk", seed=1))

    def test_a_damaged_record_says_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / ORIGIN).write_text("{")
        with pytest.raises(SimulationError, match="Remove the folder"):
            read_origin(tmp_path)


class TestEnsureSimulated:
    def test_writes_the_newest_publication_on_or_before(
        self, settings: Settings, milk: Commodity
    ) -> None:
        path = ensure_simulated(settings, date(2024, 1, 7))  # a Sunday
        assert path == settings.publications / "Leche05012024.xlsx"
        assert path.read_bytes() == simulated(milk, date(2024, 1, 7))
        assert names(settings.publications) == [path.name]

    def test_leaves_what_is_there_without_reading_it(self, settings: Settings) -> None:
        path = ensure_simulated(settings, date(2024, 1, 5))
        assert path is not None
        path.write_bytes(b"kept")
        assert ensure_simulated(settings, date(2024, 1, 6)) == path
        assert path.read_bytes() == b"kept"

    def test_writes_again_what_an_earlier_version_wrote(
        self, settings: Settings, milk: Commodity
    ) -> None:
        as_written_before_formats(settings.publications, Origin("milk", seed=3))
        path = ensure_simulated(settings, date(2024, 1, 3))
        assert path is not None
        assert path.read_bytes() == simulated(milk, date(2024, 1, 3))
        path.write_bytes(b"kept")
        ensure_simulated(settings, date(2024, 1, 3))
        assert path.read_bytes() == b"kept"

    def test_an_older_date_gets_its_own_file(self, settings: Settings, milk: Commodity) -> None:
        ensure_simulated(settings, date(2024, 1, 10))
        older = ensure_simulated(settings, date(2024, 1, 3))
        assert older is not None
        assert older.read_bytes() == simulated(milk, date(2024, 1, 3))
        assert len(names(settings.publications)) == 2

    def test_the_market_keeps_the_seed_it_began_with(
        self, settings: Settings, milk: Commodity
    ) -> None:
        ensure_simulated(settings, date(2024, 1, 3))
        path = ensure_simulated(settings.model_copy(update={"seed": 99}), date(2024, 1, 5))
        assert path is not None
        assert path.read_bytes() == simulated(milk, date(2024, 1, 5))

    def test_a_folder_of_real_history_is_left_as_it_is(self, settings: Settings) -> None:
        claim(settings.publications, Origin("milk", history="prices"))
        assert ensure_simulated(settings, date(2024, 1, 5)) is None
        assert names(settings.publications) == []

    def test_another_commodity_is_refused(self, settings: Settings) -> None:
        claim(settings.publications, Origin("queso", seed=3))
        with pytest.raises(SimulationError, match="queso"):
            ensure_simulated(settings, date(2024, 1, 5))

    def test_before_the_market_began(self, settings: Settings) -> None:
        with pytest.raises(NoPublication, match="begins on 2024-01-03"):
            ensure_simulated(settings, date(2024, 1, 2))
