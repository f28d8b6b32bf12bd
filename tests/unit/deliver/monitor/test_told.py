import re
from pathlib import Path

from canasta.deliver import messages
from canasta.deliver.monitor.told import MESSAGES, message_title

BEGINNING = re.compile(r'"([a-z]+)-\{')
"""Of a message's key, as the modules of messages write it."""


def test_every_message_has_a_title_for_people() -> None:
    sources = [path.read_text("utf-8") for path in Path(messages.__path__[0]).glob("*.py")]
    assert {key for source in sources for key in BEGINNING.findall(source)} == MESSAGES.keys()


def test_title_names_the_day_of_the_key_where_it_has_one() -> None:
    assert (
        message_title("unfinished-2025-07-25-0123456789ab")
        == "Corrida con pasos fallidos del 25 jul 2025"
    )
    assert message_title("quarantine-0123456789ab") == "Cuarentena"
