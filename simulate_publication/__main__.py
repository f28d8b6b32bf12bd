"""Command line: `python -m simulate_publication write` and `serve`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from canasta.commodity import Commodity
from canasta.errors import CanastaError, SimulationError
from canasta.ingest.block import Block
from canasta.settings import Settings, read_settings
from simulate_publication.history import read_history
from simulate_publication.misbehaviour import listing, way_named
from simulate_publication.publisher import Origin, claim, publish_files, read_origin
from simulate_publication.server import Misbehaviour, address, open_server
from simulate_publication.simulation import simulate

DEFAULT_PORT = 8046
LIST = "list"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    try:
        settings = read_settings()
        given = _parser(settings).parse_args(arguments)
        if given.command == "write":
            write(given, settings.load_commodity(), given.until or settings.today())
        elif given.misbehave == LIST:
            print(listing())
        else:
            way = way_named(given.misbehave) if given.misbehave else None
            behaviour = Misbehaviour(way, settings.load_commodity()) if way else None
            serve(given.folder, given.port, behaviour)
    except CanastaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def write(given: argparse.Namespace, commodity: Commodity, until: date) -> None:
    """Write workbooks into the folder and say which.

    Raises:
        CanastaError: there is nothing to write, or the folder holds another market.
    """
    origin, blocks = _blocks(given, commodity, until)
    if not blocks:
        raise SimulationError(f"There is no publication on or before {until}; choose a later DATE.")
    claim(given.out, origin)
    newest = None if given.every else given.last
    files = publish_files(given.out, blocks, commodity, newest=newest, layout=origin.layout)
    written = sum(file.written for file in files)
    print(
        f"{written} of {len(files)} workbooks written, {len(files) - written} unchanged. Newest: "
        f"{files[-1].path} ({files[-1].blocks} publications, "
        f"{blocks[0].date} to {blocks[-1].date}; {origin})"
    )


def serve(folder: Path, port: int, misbehaviour: Misbehaviour | None = None) -> None:
    """Serve the folder until interrupted, its newest workbook in a hostile way if one is given.

    Raises:
        SimulationError: there is no such folder, its workbooks do not say that they are
            simulated, or the port is taken.
    """
    if not folder.is_dir():
        raise SimulationError(f"{folder} is not a folder; write publications with `make simulate`.")
    origin = read_origin(folder)
    if origin is not None and origin.outdated:
        raise SimulationError(
            f"The workbooks in {folder} do not say that they are simulated: an earlier version of "
            "Canasta wrote them. Write them again with `make simulate`."
        )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        server = open_server(folder, port, misbehaviour)
    except OSError as error:
        raise SimulationError(
            f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}); choose another --port."
        ) from error
    with server:
        print(f"Serving {folder}: PUBLICATION_URL={address(server)} (Ctrl-C ends)", flush=True)
        if misbehaviour:
            print(f"The newest workbook: {misbehaviour.way.comes}.", flush=True)
            print(f"Canasta must see to it: {misbehaviour.way.outcome}.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")


def _blocks(
    given: argparse.Namespace, commodity: Commodity, until: date
) -> tuple[Origin, list[Block]]:
    if given.history is None:
        origin = Origin(commodity.name, seed=given.seed)
        return origin, simulate(commodity, given.seed, until)
    origin = Origin(commodity.name, history=str(given.history.resolve()))
    blocks = read_history(given.history, commodity)
    return origin, [block for block in blocks if block.date <= until]


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulate_publication", description="A stand-in for SNIIM."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    write_command = commands.add_parser("write", help="write cumulative workbooks")
    write_command.add_argument(
        "--history", type=Path, help="folder of real prices (*.parquet) to render; else simulate"
    )
    write_command.add_argument(
        "--until", type=date.fromisoformat, help="newest publication, YYYY-MM-DD; default today"
    )
    write_command.add_argument("--out", type=Path, default=settings.publications)
    write_command.add_argument("--seed", type=_at_least(0), default=settings.seed)
    amount = write_command.add_mutually_exclusive_group()
    amount.add_argument("--every", action="store_true", help="a workbook for every publication")
    amount.add_argument(
        "--last", type=_at_least(1), default=1, help="workbooks for the newest N; default 1"
    )
    serve_command = commands.add_parser("serve", help="serve the workbooks over http")
    serve_command.add_argument("--folder", type=Path, default=settings.publications)
    serve_command.add_argument("--port", type=int, default=DEFAULT_PORT, help="0: a free one")
    serve_command.add_argument(
        "--misbehave", metavar="WAY", help=f"serve the newest workbook badly; {LIST!r} says how"
    )
    return parser


def _at_least(lowest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"expected a whole number from {lowest}, got {text!r}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
