"""Every command of the host, in every edition that has it: asked, sent, answered, done, with what the answer said."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from orderbook import Book, answer_to, data_of, obey, scene
from rig import MN, MN_2005

from mingcha.protocol.hj212.exchanges import COMMANDS, Command, Parameter

SAMPLES: dict[str, Any] = {
    "time": "20261101080000", "time_ms": "20261101080000123", "hms": "080000", "hm": "0805", "hours": "4,10",
    "text": "X1", "password": "654321", "key": "msbE74gsiSHSEh5e", "factor": "a21026", "factors": "a21026",
    "info": "i13004", "limits": [{"factor": "101", "low": "1.1", "high": "9.9"}],
}  # fmt: skip
ANSWERS = {
    "records": "DataTime=20261101080000;a21026-Avg=3.1,a21026-Flag=N",
    "checks": "DataTime=20261101080000;a21026-SampleRd=1.0,a21026-StandardValue=1.1,a21026-ResultType=1",
    "information": "DataTime=20261101080000;PolId=a21026;i13004-Info=5",
    "serial": "a21026-SN=ABC",
    "limits": "101-LowValue=1.1,101-UpValue=9.9",
}


def sample(parameter: Parameter) -> Any:
    if parameter.kind == "int":
        return parameter.least
    return parameter.choices[0] if parameter.choices else SAMPLES[parameter.kind]


def content(command: Command, edition: str) -> str:
    """What a logger puts into the data frame of its answer."""
    if command.results != "fields":
        return ANSWERS[command.results]
    return ";".join(f"{p.field[edition]}={sample(p)}" for p in command.fields)


def of_host(edition: str) -> list[Command]:
    """Those that go to a station with an MN."""
    return [c for c in COMMANDS.values() if c.role == "host" and edition in c.editions and c.name != "set_mn"]


@pytest.mark.parametrize(("edition", "mn"), [("2005", MN_2005), ("2017", MN), ("2025", MN)])
def test_each_is_carried_out_and_its_answer_kept(edition: str, mn: str, tmp_path: Path) -> None:
    book = Book()

    async def play() -> None:
        async with scene(tmp_path, book) as s:
            peer = await s.peer(mn=mn, edition=edition)
            for command in of_host(edition):
                values = {p.name: sample(p) for p in command.parameters_in(edition)}
                name = book.ask(mn, command.name, **values)
                (asked,) = await peer.answers(1)
                assert (asked.cn, asked.edition) == (command.cn, edition), command.name
                if command.answers == "notify":
                    await peer.send(answer_to(asked, "9013"))
                elif "data" in command.answers:
                    await obey(peer, asked, data_of(asked, content(command, edition)))
                else:
                    await obey(peer, asked)
                await s.state(name, "done")
                assert bool(book.last[name].results) == ("data" in command.answers), command.name

    asyncio.run(play())
    assert len(book.state) == len(of_host(edition)) > 15
