"""The journal on a real cluster of three NATS servers, one of which is killed (-9) under load and comes back.

What is promised: no acknowledged frame is lost, none is doubled in effect, the chain holds in the cluster.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nats_cluster import NatsCluster, Node, wait_until
from rig import Peer, running

from mingcha.core.clock import format_digits, now, now_us, to_us
from mingcha.core.errors import BadInput, NotFound
from mingcha.core.refs import FrameRef
from mingcha.protocol import hj212
from mingcha.store.journal import Anchor, Direction, Entry, Journal, JournalFailed, JournalReader
from mingcha.store.journal.jetstream import (
    Ack,
    ClusterAway,
    ClusterJournal,
    ClusterReader,
    Setting,
    messages,
    open_journal,
    open_reader,
    parse,
    shipped,
)
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import Projector

CONNECTIONS, BURST = 6, 5
STEP_S = 1.5  # of load before the kill, between the kill and the return, and after it


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    made = NatsCluster.make(tmp_path_factory.mktemp("nats"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def setting(cluster: NatsCluster) -> Setting:
    return Setting(cluster.urls, timeout_s=20.0)


def entry(number: int, *, at_us: int | None = None, mn: str = "A") -> Entry:
    raw = hj212.wrap(f"QN={number:017d};ST=31;CN=2011;PW=123456;MN={mn};Flag=5;CP=&&&&".encode())
    return Entry(Direction.IN, now_us() if at_us is None else at_us, "c1", mn, "accepted", raw)


def filled(
    folder: Path, setting: Setting | None, gateway: str, blocks: int = 12, mn: str = "A"
) -> list[FrameRef]:
    """Two days of blocks of three entries."""
    first = to_us(datetime(2026, 11, 20, 10, tzinfo=UTC))
    with open_journal(folder, setting, gateway=gateway) as journal:
        return [
            ref
            for n in range(blocks)
            for ref in journal.append(
                [entry(n * 3 + k, at_us=first + n * 3_600_000_000 + k, mn=mn) for k in range(3)]
            )
        ]


# --- what the settings say ---------------------------------------------------------------------------


def test_the_embedded_journal_is_the_default() -> None:
    assert parse("") is None
    assert parse("embedded", "cluster") is None


def test_addresses_make_a_cluster_that_answers_only_when_it_has_the_block() -> None:
    found = parse("nats://10.0.0.1:4222, tls://user:secret@10.0.0.2")
    assert found == Setting(("nats://10.0.0.1:4222", "tls://user:secret@10.0.0.2"), Ack.CLUSTER, 3)
    assert found.shown == "nats://10.0.0.1:4222,tls://10.0.0.2:4222"
    assert parse("nats://a", "local") == Setting(("nats://a",), Ack.LOCAL)


@pytest.mark.parametrize(
    ("journal", "ack"),
    [("redis://a", ""), ("nats:", ""), ("nats://a:99999", ""), ("embeded", ""), ("nats://a", "now")],
)
def test_other_values_are_refused_with_what_was_expected(journal: str, ack: str) -> None:
    with pytest.raises(BadInput, match="expected"):
        parse(journal, ack)


def test_without_the_client_library_the_message_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['nats'] = None\n"
        "from pathlib import Path\n"
        "from mingcha.store.journal.jetstream import open_journal, parse, ClusterMissing\n"
        "try: open_journal(Path(sys.argv[1]), parse('nats://127.0.0.1:1'))\n"
        "except ClusterMissing as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "install mingcha[cluster]" in done.stdout, done.stderr
    assert not (tmp_path / "g0.lock").exists()


# --- reading from the cluster ------------------------------------------------------------------------


def test_the_servers_sync_always(cluster: NatsCluster) -> None:
    assert all(node.sync_always() for node in cluster.nodes)


def test_the_command_says_how_far_the_cluster_has_followed(tmp_path: Path, setting: Setting) -> None:
    filled(tmp_path / "journal", setting, "told", blocks=3)
    environment = {**os.environ, "MINGCHA_DATA": str(tmp_path), "MINGCHA_JOURNAL": ",".join(setting.servers)}
    command = [sys.executable, "-m", "mingcha", "journal", "cluster", "--verify", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    [row] = [one for one in said["gateways"] if one["gateway"] == "told"]
    assert (said["ok"], said["ack"], row["same"], row["cluster"]) == (True, "cluster", True, row["local"])
    assert said["verified"]["blocks"] >= 3
    environment["MINGCHA_JOURNAL"] = "embedded"
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (refused.returncode, "there is no cluster" in refused.stderr) == (2, True)


def test_the_commands_read_from_the_cluster_when_the_local_files_are_gone(
    tmp_path: Path, setting: Setting
) -> None:
    refs = filled(
        tmp_path / "journal", setting, "cli0", mn="CLI"
    )  # other gateways of the module have the same days
    for path in (tmp_path / "journal").glob("cli0-*"):
        path.unlink()

    def run(*words: str, journal: str = ",".join(setting.servers)) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mingcha", "journal", *words], check=False,
            env={**os.environ, "MINGCHA_DATA": str(tmp_path), "MINGCHA_JOURNAL": journal}, capture_output=True, text=True,
        )  # fmt: skip

    assert run("show", str(refs[4]), journal="embedded").returncode == 1
    shown = run("show", str(refs[4]), "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["frames"][0]["ref"] == str(refs[4])
    span = ("--from", "2026-11-20T00:00:00Z", "--to", "2026-11-22T00:00:00Z", "--mn", "CLI")
    packed = run("export", *span, "--out", str(tmp_path / "p.zip"), "--no-checkpoint", "--json")
    assert packed.returncode == 0, packed.stderr
    assert json.loads(packed.stdout)["manifest"]["files"]["frames.jsonl"]["lines"] == len(refs)
    assert run("verify", str(tmp_path / "p.zip"), journal="embedded").returncode == 0
    played = run("replay", *span, "--json")
    assert [json.loads(row)["ref"] for row in played.stdout.splitlines()] == [str(ref) for ref in refs]
    checked = run("verify", "--json")
    found = json.loads(checked.stdout)
    assert ("cli0", refs[-1].block) in {(h["journal"].partition("-")[0], h["block"]) for h in found["heads"]}
    assert not [fault for fault in found["problems"] if str(fault).find("cli0") >= 0], found["problems"]


def test_the_cluster_reads_as_the_files_do(tmp_path: Path, setting: Setting) -> None:
    refs = filled(tmp_path, setting, "reads")
    local, far = JournalReader(tmp_path), open_reader(tmp_path, setting)
    assert isinstance(far, ClusterReader)
    assert "reads" in far.gateways()
    assert list(far.entries(gateway="reads")) == list(local.entries())
    for after in (refs[0], refs[10], refs[20], refs[-2], refs[-1], FrameRef("reads-20261120", 1, 9)):
        assert list(far.entries(after, gateway="reads")) == list(local.entries(after))
        assert list(far.blocks(after, gateway="reads")) == list(local.blocks(after))
    between = FrameRef("reads-20261119", 4, 0), FrameRef("reads-20261230", 1, 0)
    assert [list(far.entries(ref, gateway="reads")) for ref in between] == [
        list(local.entries(ref)) for ref in between
    ]
    assert [far.read(ref) for ref in refs] == [local.read(ref) for ref in refs]
    assert far.context(refs[14], 7) == local.context(refs[14], 7)
    assert far.head("reads") == local.head("reads")
    assert far.head("nobody") is None
    assert far.block_hash(refs[5]) == local.block_hash(refs[5])
    for first, last in ((0, -1), (3, 20), (19, 22), (7, 7)):
        assert far.count(refs[first], refs[last]) == local.count(refs[first], refs[last])
    for low, high in ((0, 2**60), (refs[6], refs[21]), (refs[0], refs[1]), (refs[-1], refs[-1])):
        start, end = ((x if isinstance(x, int) else local.read(x).received_us) for x in (low, high))
        assert far.overlapping("reads", start, end) == local.overlapping("reads", start, end)
    positions = {"reads": refs[4]}
    mine = [found for found in far.since(positions) if found[0].journal.startswith("reads-")]
    assert mine == list(local.since(positions))
    with pytest.raises(NotFound, match="no block 99"):
        far.block("reads-20261120", 99)
    with pytest.raises(NotFound):
        far.block("reads-20250101", 1)
    far.close()


def test_the_chain_is_checked_in_the_cluster_itself(tmp_path: Path, setting: Setting) -> None:
    refs = filled(tmp_path, setting, "chained")
    reader = ClusterReader(tmp_path, setting)
    head = JournalReader(tmp_path).head("chained")
    assert head is not None
    report = reader.verify(anchors=[Anchor(head.journal, head.block, head.chain)])
    assert (report.ok, report.blocks >= 12, head in report.heads) == (True, True, True)
    missing = reader.verify(anchors=[Anchor("chained-20261129", 4)])
    assert [fault.code for fault in missing.problems] == ["anchor"]

    forged = JournalReader(tmp_path).block(refs[-1].journal, refs[-1].block)
    headers = messages.headers_of(forged) | {"Mingcha-Seq": str(forged.seq + 1)}
    reader.cluster.call(
        lambda js: js.publish(messages.subject_of(forged.journal), forged.payload, headers=headers)
    )
    codes = {fault.code for fault in reader.verify().problems if fault.journal.startswith("chained-")}
    assert {"prev", "chain"} <= codes

    reader.cluster.call(lambda js: js.publish(messages.subject_of(forged.journal), b"no block at all"))
    unreadable = [f for f in reader.verify().problems if f.code == "unreadable"]
    assert "Mingcha-Seq" in unreadable[0].found
    reader.close()


def test_projection_from_the_cluster_gives_the_digest_of_the_files(tmp_path: Path, setting: Setting) -> None:
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    frames = [
        hj212.encode(
            edition="2017", qn=format_digits(moment, milliseconds=True), st="31", cn="2011", pw="123456", mn="A1" * 12,
            flag=5, cp=f"DataTime={format_digits(moment)[:-2]}{n:02d};a21026-Rtd={n}.5,a21026-Flag=N",
        )
        for n in range(30)
    ]  # fmt: skip
    with ClusterJournal(tmp_path, setting, gateway="projected") as journal:
        for n in range(0, 30, 10):
            journal.append(
                [
                    Entry(Direction.IN, to_us(moment) + n, "c", "A1" * 12, "accepted", raw)
                    for raw in frames[n : n + 10]
                ]
            )
    far = ClusterReader(tmp_path, setting)
    digests = []
    for name, reader in (("files", JournalReader(tmp_path)), ("cluster", far)):
        with closing(Telemetry(tmp_path / f"{name}.sqlite3")) as telemetry:
            projector = Projector(reader, telemetry)
            while projector.step(7):
                pass
            digests.append((telemetry.digest(), projector.positions["projected"]))
    far.close()
    assert digests[0][0]["readings"] == digests[1][0]["readings"]
    assert digests[0][1] == digests[1][1]


# --- publishing --------------------------------------------------------------------------------------


def test_what_stood_in_the_local_journal_before_is_published_first(tmp_path: Path, setting: Setting) -> None:
    filled(tmp_path, None, "before", blocks=150)
    with ClusterJournal(tmp_path, setting, gateway="before") as journal:
        [ref] = journal.append([entry(1)])
        assert journal.shipper.place.block == ref.block
        assert journal.shipper.place.message == 151
    reader = ClusterReader(tmp_path, setting)
    assert list(reader.blocks(gateway="before")) == list(JournalReader(tmp_path).blocks())
    assert shipped(tmp_path, "before") == FrameRef(ref.journal, ref.block, 0)
    reader.close()


def test_a_block_published_again_after_the_duplicate_window_is_not_doubled(
    tmp_path: Path, setting: Setting
) -> None:
    """The message id is left out: only the expected sequence stands in the way, as after the window."""
    filled(tmp_path, setting, "twice", blocks=3)
    reader = ClusterReader(tmp_path, setting)
    block = JournalReader(tmp_path).block("twice-20261120", 2)
    headers = {"Nats-Expected-Last-Sequence": "1", **messages.headers_of(block)}
    with pytest.raises(ClusterAway, match="wrong last sequence"):
        reader.cluster.call(
            lambda js: js.publish(messages.subject_of(block.journal), block.payload, headers=headers)
        )
    assert len(list(reader.blocks(gateway="twice"))) == 3
    reader.close()


@pytest.mark.parametrize("lost", ["all", "end"])
def test_a_journal_that_is_not_the_clusters_is_never_mixed_with_it(
    tmp_path: Path, setting: Setting, lost: str
) -> None:
    """The local journal was restored from nothing, or from an older copy: it would fork the chain."""
    name = f"forked{lost}"
    filled(tmp_path / "first", setting, name, blocks=4)
    filled(tmp_path / "second", None, name, blocks=2 if lost == "end" else 0)
    quick = Setting(setting.servers, timeout_s=1.5)
    with ClusterJournal(tmp_path / "second", quick, gateway=name) as journal:
        with pytest.raises(JournalFailed, match="another name"):
            journal.append([entry(99)])
        assert "Give this gateway another name" in journal.shipper.error
    reader = ClusterReader(tmp_path, setting)
    assert len(list(reader.blocks(gateway=name))) == 4
    reader.close()


def test_without_a_cluster_the_policy_decides_whether_frames_are_answered(tmp_path: Path) -> None:
    nobody = ("nats://127.0.0.1:1",)
    with (
        ClusterJournal(tmp_path, Setting(nobody, Ack.CLUSTER, timeout_s=0.5), gateway="strict") as journal,
        pytest.raises(JournalFailed, match="durable here, but the cluster"),
    ):
        journal.append([entry(1)])
    with ClusterJournal(tmp_path, Setting(nobody, Ack.LOCAL, timeout_s=0.5), gateway="lax") as journal:
        assert journal.append([entry(1)]) == [FrameRef(f"lax-{format_digits_day()}", 1, 0)]
    reader = ClusterReader(tmp_path, Setting(nobody, timeout_s=0.5))
    with pytest.raises(ClusterAway, match=r"no server of nats://127\.0\.0\.1:1"):
        reader.gateways()
    assert shipped(tmp_path, "lax") is None


def format_digits_day() -> str:
    return format_digits(now())[:8]


# --- kill -9 under load ------------------------------------------------------------------------------


def numbered(run: int, connection: int, number: int) -> bytes:
    """A frame whose QN names run, connection and number, and no other frame; so do its time and value."""
    second = connection * 10_000 + number
    clock = f"{second // 3600 % 24:02d}{second // 60 % 60:02d}{second % 60:02d}"
    return hj212.encode(
        edition="2017", qn=f"202611{run + 1:02d}{clock}000", st="31", cn="2011", pw="123456", mn=f"{run:04d}{connection:020X}",
        flag=5, cp=f"DataTime=202611{run + 1:02d}{clock};a21026-Rtd={number}.25,a21026-Flag=N",
    )  # fmt: skip


async def pour(
    port: int, run: int, connection: int, sent: set[bytes], acked: set[bytes], enough: asyncio.Event
) -> None:
    """As a logger: a frame that was not answered is sent again, on a new connection if need be."""
    number, waiting = 0, list[bytes]()
    while waiting or not enough.is_set():
        try:
            peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
            while waiting or not enough.is_set():
                if not waiting:
                    waiting = [numbered(run, connection, number + n) for n in range(BURST)]
                    number += BURST
                sent.update(waiting)
                await peer.send(b"".join(waiting))
                answered = {message.qn for message in await peer.answers(len(waiting), within=25)}
                acked.update(raw for raw in waiting if qn_of(raw) in answered)
                waiting = []
        except (OSError, AssertionError):
            await asyncio.sleep(0.2)


def qn_of(raw: bytes) -> str:
    return raw[raw.index(b"QN=") + 3 :].partition(b";")[0].decode()


def follower(cluster: NatsCluster, stream: str) -> Node:
    leader = cluster.leader(stream)
    return next(node for node in cluster.nodes if node is not leader)


@pytest.mark.parametrize(
    ("run", "victim"), [(0, follower), (1, NatsCluster.leader)], ids=["follower", "leader"]
)
def test_a_node_killed_under_load_loses_and_doubles_nothing(
    tmp_path: Path, cluster: NatsCluster, setting: Setting, run: int, victim: Callable[[NatsCluster, str], Node]
) -> None:  # fmt: skip
    name, sent, acked = f"load{run}", set[bytes](), set[bytes]()

    async def load(journal: ClusterJournal) -> int:
        async with running(tmp_path, journal=journal) as rig:
            enough = asyncio.Event()
            tasks = [
                asyncio.create_task(pour(rig.port, run, n, sent, acked, enough)) for n in range(CONNECTIONS)
            ]
            await asyncio.sleep(STEP_S)
            before = len(acked)
            node = await asyncio.to_thread(victim, cluster, messages.stream_of(name))
            await asyncio.to_thread(node.kill)
            await rig.settled(lambda: len(acked) > before + 100, within=25)  # two of three go on
            await asyncio.sleep(STEP_S)
            await asyncio.to_thread(node.start)
            await asyncio.sleep(STEP_S)
            enough.set()
            async with asyncio.timeout(30):
                await asyncio.gather(*tasks)
            await asyncio.to_thread(cluster.settled)
            return before

    with ClusterJournal(tmp_path / "journal", setting, gateway=name) as journal:
        before = asyncio.run(load(journal))
        wait_until(lambda: journal.shipper.place.block == len(list(journal_blocks(tmp_path))))
    assert before > 100, "hardly anything was acknowledged before the kill: the test proved nothing"
    assert acked == sent
    reader = ClusterReader(tmp_path / "journal", setting)
    try:
        blocks = list(reader.blocks(gateway=name))
        assert blocks == list(journal_blocks(tmp_path))
        assert [fault for fault in reader.verify().problems if fault.journal.startswith(name)] == []
        kept = {e.raw.rstrip() for b in blocks for e in b.entries() if e.direction is Direction.IN}
        assert {raw.rstrip() for raw in acked} <= kept
        assert_each_effect_once(tmp_path / "readings.sqlite3", reader, run, acked)
    finally:
        reader.close()


def journal_blocks(folder: Path) -> Iterator[object]:
    return iter(JournalReader(folder / "journal").blocks())


def assert_each_effect_once(path: Path, reader: ClusterReader, run: int, acked: set[bytes]) -> None:
    """Every acknowledged frame is one reading, in one version, and there is no other."""
    with closing(Telemetry(path)) as telemetry:
        projector = Projector(reader, telemetry)
        while projector.step():
            pass
    query = "SELECT name, time, seq FROM readings JOIN names ON names.id = point WHERE name LIKE ?"
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(query, (f"{run:04d}%",)).fetchall()
    assert {seq for _, _, seq in rows} == {0}, "a frame that came again made a second version"
    assert len(rows) == len(acked)


def test_two_engines_one_interface(tmp_path: Path) -> None:
    with open_journal(tmp_path, None) as journal:
        assert isinstance(journal, Journal)
    assert type(open_reader(tmp_path, None)) is JournalReader
