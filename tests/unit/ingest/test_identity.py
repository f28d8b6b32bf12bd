"""Whose a lake is, and what may enter it."""

import json
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.errors import LakeMismatch, ObjectCorrupt
from canasta.ingest.block import Block
from canasta.ingest.identity import IDENTITY, Identity, SourceKind, read_identity
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.price_files import daily_key
from canasta.ingest.tables import publication_bytes
from canasta.store import Store, store_for
from simulate_publication.layout import SIMULATION, Layout
from tests.unit.ingest.builders import LIMITS, publish, tree
from tests.unit.ingest.desk import cells, expected

SIMULATED, SNIIM, REPLAY = SourceKind.SIMULATED, SourceKind.SNIIM, SourceKind.REPLAY


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_for(str(tmp_path / "lake"))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


def as_earlier_system_left_it(store: Store, block: Block, milk: Commodity, key: str) -> None:
    """A lake of prices, and no lake.json."""
    content = publication_bytes(block.date, block.prices, milk.keys.columns, milk.keys.price)
    store.replace(key, content)


def test_a_lake_remembers_whose_it_is(store: Store, milk: Commodity, tmp_path: Path) -> None:
    open_lake(store, milk, SNIIM)
    before = tree(tmp_path)
    open_lake(store, milk, SNIIM)
    assert tree(tmp_path) == before
    assert json.loads(store.read(IDENTITY)) == {"commodity": "milk", "source": "sniim"}
    with pytest.raises(LakeMismatch, match=f"LAKE_URL={tmp_path}/lake-simulated,"):
        open_lake(store, milk, SIMULATED)
    tortilla = milk.model_copy(update={"name": "tortilla"})
    for kind in (SNIIM, None):
        with pytest.raises(LakeMismatch, match=f"LAKE_URL={tmp_path}/lake-tortilla,"):
            open_lake(store, tortilla, kind)
    assert tree(tmp_path) == before


def test_another_bucket_is_never_suggested(milk: Commodity) -> None:
    store = store_for("memory://bucket")
    open_lake(store, milk, SNIIM)
    with pytest.raises(LakeMismatch, match="LAKE_URL=memory://bucket/lake-replay,"):
        open_lake(store, milk, REPLAY)


@pytest.mark.parametrize("key", ["daily", "monthly/2025/06/prices.parquet"])
def test_an_earlier_system_s_lake_is_never_claimed_as_simulated(
    key: str, store: Store, milk: Commodity, five: list[Block], tmp_path: Path
) -> None:
    named = daily_key(five[0].date) if key == "daily" else key
    as_earlier_system_left_it(store, five[0], milk, named)
    before = tree(tmp_path)
    with pytest.raises(LakeMismatch, match="holds milk prices of source kind sniim"):
        open_lake(store, milk, SIMULATED)
    assert open_lake(store, milk, None).source_kind is SNIIM
    assert tree(tmp_path) == before
    open_lake(store, milk, SNIIM)
    assert read_identity(store) == Identity("milk", SNIIM)


@pytest.mark.parametrize(("layout", "kind"), [(None, SNIIM), (SIMULATION, SIMULATED)])
def test_the_first_publication_says_whose_a_new_lake_is(
    layout: Layout | None, kind: SourceKind, store: Store, milk: Commodity, five: list[Block],
    published: Path,
) -> None:  # fmt: skip
    lake = open_lake(store, milk, None)
    assert read_identity(store) is None
    publish(published, five, milk, layout)
    ingest(lake, published.as_uri(), five[4].date, LIMITS)
    assert read_identity(store) == Identity("milk", kind)
    assert lake.source_kind is kind
    assert cells(lake) == expected(*five)


@pytest.mark.parametrize("held", [SNIIM, SIMULATED])
def test_publications_of_another_kind_are_refused_and_only_bytes_and_reason_are_kept(
    held: SourceKind, store: Store, milk: Commodity, five: list[Block], published: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    own, foreign = (None, SIMULATION) if held is SNIIM else (SIMULATION, None)
    lake = open_lake(store, milk, None)
    publish(published, five[:2], milk, own)
    ingest(lake, published.as_uri(), five[1].date, LIMITS)
    before = tree(tmp_path / "lake")
    file = publish(published, five[:3], milk, foreign)
    with pytest.raises(LakeMismatch) as refused:
        ingest(lake, published.as_uri(), five[2].date, LIMITS)
    other = SIMULATED if held is SNIIM else SNIIM
    assert str(refused.value) == (
        f"{tmp_path}/lake holds milk prices of source kind {held}, {file.as_uri()} holds milk "
        f"prices of source kind {other}: they do not mix. Set LAKE_URL={tmp_path}/"
        f"{'lake-simulated' if held is SNIIM else 'lake-milk'} with "
        f"PUBLICATION_URL={published.as_uri()}, or to another folder of its own."
    )
    written = {key: value for key, value in tree(tmp_path / "lake").items() if key not in before}
    raw, record = sorted(written)
    assert (raw[:4], record[:19]) == ("raw/", f"refused/{five[2].date}/")
    assert written[raw] == file.read_bytes()
    assert json.loads(written[record])["reason"] == str(refused.value)
    publish(published, five[:3], milk, own)
    assert ingest(lake, published.as_uri(), five[2].date, LIMITS).new == (five[2].date,)


def test_simulated_publications_do_not_enter_an_earlier_system_s_lake(
    store: Store, milk: Commodity, five: list[Block], published: Path
) -> None:
    as_earlier_system_left_it(store, five[0], milk, daily_key(five[0].date))
    publish(published, five[:2], milk, SIMULATION)
    with pytest.raises(LakeMismatch):
        ingest(open_lake(store, milk, None), published.as_uri(), five[1].date, LIMITS)
    assert Lake(store, milk).dates() == (five[0].date,)
    assert read_identity(store) is None


@pytest.mark.parametrize("kind", [SNIIM, SIMULATED])
def test_a_replay_takes_the_kind_that_came_first_and_no_other(
    kind: SourceKind, store: Store, milk: Commodity, five: list[Block], published: Path
) -> None:
    own, foreign = (None, SIMULATION) if kind is SNIIM else (SIMULATION, None)
    lake = open_lake(store, milk, REPLAY)
    assert read_identity(store) == Identity("milk", REPLAY)
    publish(published, five[:2], milk, own)
    ingest(lake, published.as_uri(), five[1].date, LIMITS)
    replayed = Identity("milk", REPLAY, kind)
    assert read_identity(store) == replayed
    assert replayed.simulated == (kind is SIMULATED)
    publish(published, five[:3], milk, foreign)
    with pytest.raises(LakeMismatch, match=f", of {kind} publications, .*/lake-replay-") as refused:
        ingest(lake, published.as_uri(), five[2].date, LIMITS)
    other = SIMULATED if kind is SNIIM else SNIIM
    assert f"LAKE_URL={Path(store.url).parent}/lake-replay-{other} with" in str(refused.value)
    publish(published, five[:3], milk, own)
    ingest(open_lake(store, milk, REPLAY), published.as_uri(), five[2].date, LIMITS)
    assert cells(lake) == expected(*five[:3])
    assert read_identity(store) == replayed


def test_what_says_whose_a_lake_is_must_be_readable(store: Store, milk: Commodity) -> None:
    for content in (b"", b"[1]", b'{"source": "sniim"}', b'{"commodity": "milk", "source": "?"}'):
        store.replace(IDENTITY, content)
        with pytest.raises(ObjectCorrupt, match=r"lake\.json should say whose the lake is"):
            open_lake(store, milk, SNIIM)


def test_raw_copies_from_before_simulated_workbooks_said_so_are_still_read(
    store: Store, milk: Commodity, five: list[Block], published: Path, tmp_path: Path
) -> None:
    lake = open_lake(store, milk, None)
    publish(published, five, milk)
    ingest(lake, published.as_uri(), five[4].date, LIMITS)
    store.replace(IDENTITY, b'{"commodity": "milk", "source": "simulated"}')
    (tmp_path / "lake" / daily_key(five[2].date)).unlink()
    ingest(lake, published.as_uri(), five[4].date, LIMITS)
    assert cells(lake) == expected(*five)
