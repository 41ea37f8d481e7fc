"""A gateway in a process of its own, to be killed: `gateway_process.py FOLDER`. Prints its port."""

import asyncio
import sys
from pathlib import Path

from mingcha.gateway import Gateway, Policy, Station, tune_process
from mingcha.store.journal import Journal


async def serve(folder: Path) -> None:
    with Journal(folder / "journal") as journal:
        gateway = Gateway(
            journal, lambda mn: Station(mn, "", ""), policy=Policy(set_time=False), folder=folder
        )
        print(await gateway.start(), flush=True)
        await asyncio.Event().wait()


def main(folder: Path) -> None:
    tune_process()
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(folder))
    else:
        uvloop.run(serve(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
