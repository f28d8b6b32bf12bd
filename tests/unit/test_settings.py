import os
from pathlib import Path

import pytest
from dotenv import dotenv_values

from canasta.errors import SettingsError
from canasta.settings import ROOT, Settings, read_settings

EXAMPLE = ROOT / ".env.example"


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_nothing_given_is_the_defaults(dotenv: Path) -> None:
    assert read_settings({}, dotenv) == Settings()


def test_example_copied_as_it_is_changes_nothing(dotenv: Path) -> None:
    dotenv.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_settings({}, dotenv) == Settings()
    assert "auth" not in read_settings({}, dotenv).model_fields_set, "make serve decides"


def test_environment_wins_over_dotenv_over_defaults(dotenv: Path) -> None:
    dotenv.write_text("SEED=2\nMAX_EVALS=3\n")
    settings = read_settings({"SEED": "4", "UNRELATED": "x"}, dotenv)
    assert (settings.seed, settings.max_evals) == (4, 3)
    assert settings.retrain_every == Settings().retrain_every


def test_empty_value_in_the_environment_restores_the_default(dotenv: Path) -> None:
    dotenv.write_text("PUBLICATION_URL=https://example.org/prices\n")
    assert not read_settings({}, dotenv).simulated
    assert read_settings({"PUBLICATION_URL": ""}, dotenv).simulated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEED", "one"),
        ("SEED", "-1"),
        ("SEED", str(2**31)),
        ("MAX_EVALS", "0"),
        ("MAX_EVALS", "2.5"),
    ],
)
def test_malformed_value_is_refused_by_its_name(name: str, value: str, dotenv: Path) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({name: value}, dotenv)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("LAKE_URL", "foo://x", "expected a folder, file:///folder or s3://bucket/prefix"),
        ("LAKE_URL", "s3://", "s3://bucket/prefix"),
        *(
            ("LAKE_URL", f"s3://bucket{path}", "without empty or dotted parts")
            for path in (
                "/a?c",
                "/a#c",
                "//lead",
                "/a//b",
                "/we[i]rd",
                "/a*",
                "/../b",
                "/a b",
                "/ñ",
            )
        ),
        ("PUBLICATION_URL", "http://[bad", "the https, http or file URL of a folder"),
        ("PUBLICATION_URL", "https://example.org/a?token=x", "without ? or #"),
        ("LAKE_URL", "file://data/lake", "file:///folder"),
        ("LAKE_URL", "zip::/data/lake.zip", "expected a folder"),
        ("LAKE_URL", "https://example.org/lake", "expected a folder"),
        ("PUBLICATION_URL", "ftp://example.org/prices", "the https, http or file URL of a folder"),
        ("PUBLICATION_URL", "/srv/published", "write a local folder as file:///folder"),
        ("PUBLICATION_URL", "file://published", "file:///folder"),
        ("PUBLICATION_URL", "https://", "the https, http or file URL"),
        ("PUBLICATION_URL", "http://[::1", "PUBLICATION_URL"),
        ("REPORTS_DIR", "s3://bucket/reports", "expected a local folder"),
        ("REPORTS_DIR", "file:///srv/reports", "expected a local folder"),
        ("PUBLICATIONS", "s3://bucket/published", "expected a local folder"),
        ("PREFECT_HOME", "https://example.org", "expected a local folder"),
        ("PORT", "0", "greater than or equal to 1"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("AUTH", "none", "'key' or 'open'"),
        ("API_KEY_HASHES", "secret", "64 hex digits"),
        ("API_KEY_HASHES", f"{'a' * 64},{'a' * 63}g", "64 hex digits"),
        ("ADMIN_KEY_HASH", "secret", "64 hex digits"),
        ("RATE_LIMIT", "600", "600/minute"),
        ("RATE_LIMIT", "600/fortnight", "by second, minute, hour or day"),
        ("RATE_LIMIT", "0/minute", "600/minute"),
        ("RATE_LIMIT_STORAGE", "memcached://host", "memory:// or redis://"),
        ("MONITOR_DIR", "s3://bucket/monitor", "expected a local folder"),
        ("TELEGRAM_BOT_TOKEN", "hunter2", "what @BotFather gave"),
        ("TELEGRAM_CHAT_ID", "my group", "a chat's number"),
        ("TELEGRAM_API_URL", "ftp://example.org", "an https or http URL"),
        ("TELEGRAM_API_URL", "https://me:hunter2@example.org", "without user"),
        ("TELEGRAM_ALLOWED_CHATS", "12,me", "valid integer"),
    ],
)
def test_place_that_cannot_be_used_is_refused_by_its_name_with_advice(
    name: str, value: str, advice: str, dotenv: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: value}, dotenv)
    assert str(refused.value).startswith(f"A setting cannot be used. {name}: ")
    assert advice in str(refused.value)
    assert "Value error" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAKE_URL", "data/lake"),
        ("LAKE_URL", "/srv/a:b/lake"),
        ("LAKE_URL", "file:///srv/lake"),
        ("LAKE_URL", "s3://bucket"),
        ("LAKE_URL", "s3://bucket/prefix"),
        ("LAKE_URL", "s3://my.bucket-1/a/b.c/d_e=f+g-h/"),
        ("PUBLICATION_URL", "http://127.0.0.1:8046"),
        ("PUBLICATION_URL", "https://example.org/a%20b"),
        ("PUBLICATION_URL", "file:///srv/published"),
        ("REPORTS_DIR", "reports"),
        ("PUBLICATIONS", "~/published: new"),
    ],
)
def test_place_that_can_be_used_is_taken_as_given(name: str, value: str, dotenv: Path) -> None:
    assert str(getattr(read_settings({name: value}, dotenv), name.lower())) == value


def test_every_malformed_value_is_told_at_once(dotenv: Path) -> None:
    with pytest.raises(SettingsError, match=r"MAX_EVALS.*SEED"):
        read_settings({"SEED": "x", "MAX_EVALS": "y"}, dotenv)


@pytest.mark.parametrize("line", ["SEEDS=1", "seed=1", "LAKE=x", "SEED_=1"])
def test_unknown_key_in_dotenv_is_refused_by_its_name(line: str, dotenv: Path) -> None:
    dotenv.write_text(line)
    with pytest.raises(SettingsError, match=line.split("=", maxsplit=1)[0]):
        read_settings({}, dotenv)


def test_keys_of_other_libraries_are_handed_on_and_never_override(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "from-outside")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    dotenv.write_text("AWS_DEFAULT_REGION=from-file\nAWS_PROFILE=mine\nAWS_ENDPOINT_URL=\n")
    try:
        read_settings(dotenv=dotenv)
        assert os.environ["AWS_DEFAULT_REGION"] == "from-outside"
        assert os.environ["AWS_PROFILE"] == "mine"
        assert "AWS_ENDPOINT_URL" not in os.environ, "an empty value counts as not given"
    finally:
        os.environ.pop("AWS_PROFILE", None)


def test_no_value_stands_in_a_message(dotenv: Path) -> None:
    dotenv.write_text("API_TOKEN=hunter2\n")
    with pytest.raises(SettingsError) as unknown:
        read_settings({}, dotenv)
    with pytest.raises(SettingsError) as malformed:
        read_settings(
            {
                "SEED": "hunter2",
                "PUBLICATION_URL": "ftp://me:hunter2@example.org",
                "LAKE_URL": "ftp://me:hunter2@example.org",
                "REPORTS_DIR": "ftp://me:hunter2@example.org",
                "TELEGRAM_BOT_TOKEN": "hunter2",
                "TELEGRAM_API_URL": "https://me:hunter2@example.org",
            },
            dotenv.with_name("none"),
        )
    assert "hunter2" not in f"{unknown.value}{malformed.value}"


def test_token_does_not_show_where_settings_are_printed(dotenv: Path) -> None:
    settings = read_settings({"TELEGRAM_BOT_TOKEN": "123:hunter2"}, dotenv)
    assert settings.telegram_bot_token.get_secret_value() == "123:hunter2"
    assert "hunter2" not in f"{settings!r}{settings}{settings.model_dump_json()}"


def test_lake_and_source_follow_the_kind_of_publication() -> None:
    simulated = Settings()
    real = Settings(publication_url="https://example.org/prices")
    assert Path(simulated.lake) == ROOT / "data" / "lake-simulated"
    assert Path(real.lake) == ROOT / "data" / "lake"
    assert simulated.source_url == (ROOT / "data" / "publications").as_uri()
    assert real.source_url == "https://example.org/prices"
    assert Settings(lake_url="s3://prices/milk").lake == "s3://prices/milk"


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().seed = 2  # type: ignore[misc] # what the test is about


def test_example_lists_every_setting_and_means_the_defaults() -> None:
    listed = [key for key in dotenv_values(EXAMPLE) if not key.startswith("AWS_")]
    assert listed == [field.upper() for field in Settings.model_fields]
    assert read_settings({}, EXAMPLE) == Settings()


def test_example_shows_each_default_and_explains_each_setting() -> None:
    values = dotenv_values(EXAMPLE)
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for field, default in Settings().model_dump().items():
        above = lines[[line.split("=")[0] for line in lines].index(field.upper()) - 1]
        assert above.startswith("# "), f"{field} is not explained"
        is_decided_later = field == "auth"  # by make serve, on a loopback HOST
        is_place = str(ROOT) in str(default) or (not default and default != 0)
        assert values[field.upper()] == ("" if is_place or is_decided_later else str(default))


@pytest.mark.parametrize("between", [",", " ", ", ", "\t", " , "])
def test_several_keys_stand_side_by_side(between: str, dotenv: Path) -> None:
    first, second = "a" * 64, "B" * 64
    settings = read_settings({"API_KEY_HASHES": f"{first}{between}{second} "}, dotenv)
    assert settings.api_key_hashes == (first, second.lower())


def test_chats_of_people_and_of_groups_stand_side_by_side(dotenv: Path) -> None:
    settings = read_settings({"TELEGRAM_ALLOWED_CHATS": "12, -1001234567890"}, dotenv)
    assert settings.telegram_allowed_chats == (12, -1001234567890)


@pytest.mark.parametrize(
    ("host", "given", "limit"),
    [
        ("127.0.0.1", "", None),
        ("localhost", "", None),
        ("::1", "", None),
        ("0.0.0.0", "", "600/minute"),  # noqa: S104 # nothing is bound
        ("0.0.0.0", "off", None),  # noqa: S104 # the same
        ("api.example.org", "", "600/minute"),
        ("127.0.0.1", "5/second", "5/second"),
    ],
)
def test_limit_is_none_on_loopback_unless_said(host: str, given: str, limit: str | None) -> None:
    assert Settings(host=host, rate_limit=given).limit == limit


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("https://api.telegram.org", False),
        ("http://127.0.0.1:8081", True),
        ("http://[::1]:8081", True),
        ("http://localhost/bots", True),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.7:8081", False),
    ],
)
def test_telegram_of_this_machine_is_told_from_others(url: str, is_loopback: bool) -> None:
    assert Settings(telegram_api_url=url).telegram_is_loopback == is_loopback
