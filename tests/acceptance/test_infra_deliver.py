"""iac/deliver and iac/smoke; tools only write down how they were called, the API is a real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.infra_house import (
    NEW,
    OLD,
    REPOSITORY,
    called,
    calls_of,
    environment,
    tool,
)

AWS = f"""
echo "aws $*" >> "$CALLS"
if [ "$1 $2" = "${{FAIL:-}}" ] || [ "$1 $2 $3" = "${{FAIL:-}}" ]; then
  echo "An error occurred (ExpiredTokenException) when calling" >&2
  exit 254
fi
case "$1 $2" in
  "ecr describe-images")
    if [ -n "${{TAGGED:-}}" ] || grep -q "^skopeo copy" "$CALLS"; then
      printf '%s\\t%s\\n' "${{TAGGED:-{NEW}}}" application/vnd.oci.image.manifest.v1+json
    else
      echo "An error occurred (ImageNotFoundException) when calling" >&2
      exit 254
    fi ;;
  "ecr get-login-password") echo made-up ;;
  "ecr describe-image-scan-findings")
    echo again >> "$CALLS.scans"
    case "$(wc -l < "$CALLS.scans")" in
      1) echo "An error occurred (ScanNotFoundException) when calling" >&2; exit 254 ;;
      2) printf 'IN_PROGRESS\\t0\\n' ;;
      *) printf '%s\\t%s\\n' "${{SCAN:-COMPLETE}}" "${{CRITICAL:-0}}" ;;
    esac ;;
  "lambda get-alias") echo 7 ;;
  "lambda publish-version") echo "${{VERSION:-8}}" ;;
  "lambda get-function") echo "{REPOSITORY}@${{PUBLISHED:-${{TAGGED:-{NEW}}}}}" ;;
  "lambda invoke")
    cp "$(printf '%s' "$*" | sed -E 's/.*fileb:..([^ ]+).*/\\1/')" "$CALLS.event"
    echo "${{FAILED:-None}}"
    body='{{\\"predicted_price\\": 23.5}}'
    echo "{{\\"statusCode\\": ${{STATUS:-200}}, \\"body\\": \\"$body\\"}}" > "${{@: -1}}" ;;
esac
"""
SKOPEO = f"""
echo "skopeo $*" >> "$CALLS"
case "$1" in inspect) echo {NEW} ;; login) cat >/dev/null ;; esac
"""
EVERY_CALL = (
    "ecr describe-images", "ecr get-login-password", "ecr describe-image-scan-findings",
    "lambda get-alias", "lambda update-function-code", "lambda wait function-updated-v2",
    "lambda publish-version", "lambda wait published-version-active", "lambda get-function",
    "lambda invoke", "lambda update-alias",
)  # fmt: skip


class Api(BaseHTTPRequestHandler):
    """Answers /health, and /predict with what the test has put there."""

    answer: dict[str, Any]
    code: int
    keys: list[str | None]
    pause_s: float

    def do_GET(self) -> None:
        self._say(200 if self.path == "/default/health" else 404, {"status": "alive"})

    def do_POST(self) -> None:
        self.keys.append(self.headers["X-API-Key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.pause_s)
        self._say(self.code, self.answer)

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class's name
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[tuple[str, type[Api]]]:
    """The URL of an API, and where its answer is put."""
    settings = {"answer": {"predicted_price": 23.5}, "code": 200, "keys": [], "pause_s": 0}
    kind = type("OneApi", (Api,), settings)
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/default", kind
        server.shutdown()
        thread.join()


@pytest.fixture
def house(bare_house: Path) -> Path:
    """A repository with iac/ in it, AWS's command line and skopeo."""
    tool(bare_house, "aws", AWS)
    tool(bare_house, "skopeo", SKOPEO)
    return bare_house


def settings(url: str, **variables: str) -> dict[str, str]:
    return {
        "IMAGE_REPOSITORY": REPOSITORY,
        "FUNCTION_NAME": "canasta",
        "API_URL": url,
        "SMOKE_API_KEY": "made-up",
        "SMOKE_TRIES": "2",
        "SMOKE_PAUSE": "0",
        "SCAN_PAUSE": "0",
        **variables,
    }


def deliver(
    house: Path, url: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    return called(house, "deliver", "image.tar", "commit", **settings(url, **variables))


def shifts(calls: list[str]) -> list[str]:
    """The versions that the alias pointed to, one after the other."""
    return [call.split()[-1] for call in calls if call.startswith("aws lambda update-alias")]


def test_an_image_is_pushed_scanned_published_and_asked(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    url, answers = api
    done, calls = deliver(house, url)
    assert done.returncode == 0, done.stderr
    assert shifts(calls) == ["8"]
    assert answers.keys == ["made-up"]
    names = [" ".join(call.split()[:3]) for call in calls]
    expected = [
        "skopeo copy --preserve-digests", "aws ecr describe-image-scan-findings",
        "aws lambda update-function-code", "aws lambda publish-version", "aws lambda invoke",
        "aws lambda update-alias",
    ]  # fmt: skip
    assert [name for name in dict.fromkeys(names) if name in expected] == expected
    assert f"--image-uri {REPOSITORY}@{NEW}" in " ".join(calls)


@pytest.mark.parametrize("failing", EVERY_CALL)
def test_no_call_that_fails_passes_for_a_delivery(
    house: Path, api: tuple[str, type[Api]], failing: str
) -> None:
    done, calls = deliver(house, api[0], FAIL=failing)
    assert done.returncode != 0
    if failing == "lambda update-alias":
        assert shifts(calls) == ["8", "7"], "whether it was shifted is not known: it goes back"
    else:
        assert shifts(calls) == []


def test_a_version_that_is_another_image_is_not_taken(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    done, calls = deliver(house, api[0], PUBLISHED=OLD)
    assert done.returncode == 1
    assert "Nothing was shifted" in done.stderr
    assert shifts(calls) == []


def test_the_version_before_answers_again_when_the_api_gives_no_price(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    url, answers = api
    answers.code, answers.answer = 503, {"title": "Nothing is promoted"}
    done, calls = deliver(house, url)
    assert done.returncode == 1
    assert shifts(calls) == ["8", "7"]
    assert "Version 7 answers again" in done.stderr
    assert len(answers.keys) == 2, "it was asked as often as was said"


@pytest.mark.parametrize("variables", [{"STATUS": "503"}, {"FAILED": "Unhandled"}])
def test_a_version_that_gives_no_price_never_answers(
    house: Path, api: tuple[str, type[Api]], variables: dict[str, str]
) -> None:
    done, calls = deliver(house, api[0], **variables)
    assert done.returncode == 1
    assert shifts(calls) == []
    assert api[1].keys == []


def test_a_version_is_asked_as_api_gateway_asks(house: Path, api: tuple[str, type[Api]]) -> None:
    _, calls = deliver(house, api[0])
    (invoked,) = [call for call in calls if call.startswith("aws lambda invoke")]
    assert "--qualifier 8" in invoked
    event = json.loads((house.parent / f"{house.name}.calls.event").read_text(encoding="utf-8"))
    assert event["version"] == "2.0"
    assert event["headers"]["x-api-key"] == "made-up"
    assert json.loads(event["body"])["Estado"] == "Jalisco"


@pytest.mark.parametrize("code", [401, 403])
def test_a_key_that_is_refused_is_not_taken_for_a_bad_image(
    house: Path, api: tuple[str, type[Api]], code: int
) -> None:
    url, answers = api
    done, calls = deliver(house, url, STATUS=str(code))
    assert done.returncode == 77
    assert "SMOKE_API_KEY" in done.stderr
    assert shifts(calls) == []
    answers.code = code
    done, calls = deliver(house, url)
    assert done.returncode == 77
    assert "SMOKE_API_KEY" in done.stderr
    assert shifts(calls) == ["8", "7"]
    assert len(answers.keys) == 1, "another try would not help"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_delivery_that_is_ended_before_its_verdict_goes_back(
    house: Path, api: tuple[str, type[Api]], sign: signal.Signals
) -> None:
    url, answers = api
    answers.pause_s = 3
    began = time.monotonic()
    process = subprocess.Popen(
        [house / "iac" / "deliver", "image.tar", "commit"],
        env=environment(house, **settings(url)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Whoever runs the tests may ignore it, and then no shell can heed it.
        preexec_fn=lambda: signal.signal(sign, signal.SIG_DFL),  # noqa: PLW1509 # it takes no lock
    )
    while not answers.keys and time.monotonic() - began < 30:
        time.sleep(0.02)
    os.kill(process.pid, sign)
    sent = time.monotonic()
    assert process.wait(30) == 128 + sign
    assert time.monotonic() - sent < 2, "it did not wait for the answer"
    assert shifts(calls_of(house)) == ["8", "7"]


def test_what_is_known_to_be_critical_does_not_go_out(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    done, calls = deliver(house, api[0], CRITICAL="2")
    assert done.returncode == 1
    assert "2 critical vulnerabilities" in done.stderr
    assert not [call for call in calls if "update-function-code" in call]


def test_enhanced_scanning_ends_with_being_active(house: Path, api: tuple[str, type[Api]]) -> None:
    done, calls = deliver(house, api[0], SCAN="ACTIVE")
    assert done.returncode == 0, done.stderr
    assert len([call for call in calls if "scan-findings" in call]) == 3


@pytest.mark.parametrize("state", ["FAILED", "UNSUPPORTED_IMAGE", "PENDING"])
def test_what_was_not_scanned_does_not_go_out(
    house: Path, api: tuple[str, type[Api]], state: str
) -> None:
    done, calls = deliver(house, api[0], SCAN=state, SCAN_TRIES="5")
    assert done.returncode == 69
    assert "othing was deployed" in done.stderr
    assert not [call for call in calls if "update-function-code" in call]


def test_a_commit_that_is_built_anew_keeps_its_image(
    house: Path, api: tuple[str, type[Api]], tmp_path: Path
) -> None:
    told = tmp_path / "outputs"
    done, calls = deliver(house, api[0], TAGGED=OLD, GITHUB_OUTPUT=str(told))
    assert done.returncode == 0, done.stderr
    assert not [call for call in calls if call.startswith("skopeo copy")]
    assert f"--image-uri {REPOSITORY}@{OLD}" in " ".join(calls)
    assert told.read_text(encoding="utf-8") == f"digest={OLD}\n"


def test_another_image_than_was_tried_before_does_not_go_out(
    house: Path, api: tuple[str, type[Api]]
) -> None:
    done, calls = deliver(house, api[0], EXPECTED_DIGEST=OLD)
    assert done.returncode == 65
    assert "failed jobs alone" in done.stderr
    assert not [call for call in calls if call.startswith(("skopeo copy", "aws lambda"))]


def test_what_answers_already_is_asked_and_left(house: Path, api: tuple[str, type[Api]]) -> None:
    done, calls = deliver(house, api[0], VERSION="7", TAGGED=NEW)
    assert done.returncode == 0, done.stderr
    assert shifts(calls) == []
    assert api[1].keys == ["made-up"]


def test_no_key_stands_among_the_arguments(house: Path, api: tuple[str, type[Api]]) -> None:
    tool(house, "curl", CURL)
    done, calls = deliver(house, api[0])
    assert done.returncode == 0, done.stderr
    assert [call for call in calls if call.startswith("curl")]
    assert "made-up" not in " ".join(calls)


CURL = """
echo "curl $*" >> "$CALLS"
cat >/dev/null
echo '{"predicted_price": 1}' > "$(printf '%s' "$*" | sed -E 's/.*--output ([^ ]+).*/\\1/')"
printf 200
"""


def test_what_was_logged_before_stays(house: Path, api: tuple[str, type[Api]]) -> None:
    log = house.parent / "log"
    log.write_text("before\n", encoding="utf-8")
    with log.open("a", encoding="utf-8") as file:
        subprocess.run(
            [house / "iac" / "smoke", api[0]], env=environment(house), stderr=file, check=True
        )
    assert log.read_text(encoding="utf-8").startswith("before\n")
    assert "23.5" in log.read_text(encoding="utf-8")
