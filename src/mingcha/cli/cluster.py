"""The journal on a NATS cluster: how far it has followed, and whether its chain holds."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mingcha.cli.journal_words import as_json, folder_of, print_json, progress
from mingcha.core.errors import LocalError
from mingcha.site.data import journal_setting
from mingcha.store.journal import Anchor, JournalReader
from mingcha.store.journal.jetstream import ClusterReader


@click.command("cluster")
@click.option("--verify", "check", is_flag=True, help="Check every block that the cluster holds.")
@as_json
@click.pass_obj
def cluster_command(data: Path, *, check: bool, as_json: bool) -> None:
    """Say how far the cluster of MINGCHA_JOURNAL has followed; exit code 1 where it differs or a check fails."""
    setting = journal_setting()
    if setting is None:
        raise LocalError("MINGCHA_JOURNAL is embedded: there is no cluster; set it to nats://… addresses")
    folder = folder_of(data)
    reader = ClusterReader(folder, setting)
    try:
        rows = [_row(JournalReader(folder), reader, gateway) for gateway in reader.gateways()]
        found: dict[str, Any] = {"servers": setting.shown, "ack": str(setting.ack), "gateways": rows}
        ok = all(row["same"] is not False for row in rows)
        if check:
            found["verified"] = _verified(folder, reader)
            ok = ok and found["verified"]["ok"]
    finally:
        reader.close()
    if as_json:
        print_json({"ok": ok, **found})
    else:
        _tell(found)
    sys.exit(0 if ok else 1)


def _row(local: JournalReader, cluster: ClusterReader, gateway: str) -> dict[str, Any]:
    """``same``: whether the last block of the cluster is the local one of that name; None where it is not kept here."""
    far, near = cluster.head(gateway), local.head(gateway)
    same = None
    if far is not None and near is not None:
        same = (far.journal, far.block) <= (near.journal, near.block) and (
            local.block(far.journal, far.block).chain.hex() == far.chain
        )
    return {
        "gateway": gateway,
        "cluster": asdict(far) if far else None,
        "local": asdict(near) if near else None,
        "same": same,
    }


def _verified(folder: Path, reader: ClusterReader) -> dict[str, Any]:
    """The check of the chain; what the projection has read must be there."""
    from mingcha.site import data

    there = data.readings_made(folder.parent)
    places = data.open_readings(folder.parent).positions().values() if there else ()
    with progress("checking blocks", 0) as advance:
        report = reader.verify(anchors=[Anchor(ref.journal, ref.block) for ref in places], on_block=advance)
    return {"ok": report.ok, **asdict(report)}


def _tell(found: dict[str, Any]) -> None:
    click.echo(f"cluster {found['servers']}, frames are answered after: {found['ack']}")
    words = {True: "follows", False: "DIFFERS", None: "not kept here"}
    for row in found["gateways"]:
        far, near = row["cluster"], row["local"]
        ends = [f"{one['journal']}/{one['block']}" if one else "–" for one in (far, near)]
        click.echo(f"{row['gateway']:<8} cluster {ends[0]}, here {ends[1]}: {words[row['same']]}")
    if "verified" in found:
        checked = found["verified"]
        click.echo(f"{checked['blocks']} blocks, {checked['frames']} frames checked")
        for fault in checked["problems"]:
            click.echo(
                f"{fault['journal']}/{fault['block']}: {fault['code']}: expected {fault['expected']}, found {fault['found']}"
            )
