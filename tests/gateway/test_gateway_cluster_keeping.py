"""What is kept where when the journal is on a cluster: local files dropped and brought back, checkpoints, retention, the doctor.

A real cluster of three servers of this module's own: the doctor looks at every stream there is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from nats_cluster import NatsCluster, wait_until

from mingcha.core.clock import format_digits, to_us
from mingcha.core.errors import BadInput, BrokenEvidence, LocalError, NotFound
from mingcha.core.refs import FrameRef
from mingcha.protocol import hj212
from mingcha.site import data
from mingcha.store.journal import Direction, Entry, JournalFailed, JournalReader, Notary, retention
from mingcha.store.journal.jetstream import ClusterJournal, ClusterReader, Setting, local, messages
from mingcha.store.journal.retention import Holds
from mingcha.store.telemetry import Telemetry
from mingcha.workers import checkpointing
from mingcha.workers.projection import Projector

FIRST = datetime(2026, 11, 20, 10, tzinfo=UTC)
LATER = FIRST + timedelta(days=40)
MN = "A1" * 12


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


def entry(number: int) -> Entry:
    """Frame ``number``, one an hour; every third is of nobody we know."""
    at = FIRST + timedelta(hours=number)
    noise = "".join(
        sha256(f"{number} {n}".encode()).hexdigest() for n in range(8)
    )  # so that dropping it saves bytes
    raw = hj212.encode(
        edition="2017", qn=format_digits(at, milliseconds=True), st="31", cn="2011", pw="123456", mn=MN, flag=5,
        cp=f"DataTime={format_digits(at)};a21026-Rtd={number}.5,a21026-Flag=N;i11001-Info=//{noise}//",
    )  # fmt: skip
    verdict = "quarantine" if number % 3 == 2 else "accepted"
    return Entry(Direction.IN, to_us(at), "c1", MN, verdict, raw)


def filled(folder: Path, setting: Setting, gateway: str, blocks: int = 60) -> None:
    """Blocks of three frames an hour apart: four days, four files."""
    with ClusterJournal(folder, setting, gateway=gateway) as journal:
        for n in range(0, blocks, 3):
            journal.append([entry(n + k) for k in range(3)])
        wait_until(lambda: journal.shipper.place.message == blocks // 3)


def projected(root: Path, reader: JournalReader) -> dict[str, FrameRef]:
    with closing(Telemetry(root / "readings.sqlite3")) as telemetry:
        projector = Projector(reader, telemetry)
        while projector.step():
            pass
        return telemetry.positions()


def looked(
    root: Path, reader: ClusterReader, positions: dict[str, FrameRef], *, days: int = 10
) -> dict[str, str]:
    terms = local.Terms(LATER - timedelta(days=days), positions)
    return {one.journal: one.why for one in local.look(root / "journal", reader, terms)}


def run(root: Path, setting: Setting, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "MINGCHA_DATA": str(root), "MINGCHA_JOURNAL": ",".join(setting.servers), "MINGCHA_READINGS": "", **more
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "mingcha", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def kept(
    tmp_path: Path, setting: Setting, request: pytest.FixtureRequest
) -> Iterator[tuple[str, ClusterReader]]:
    """A journal of four files in a gateway of its own, and the reader of the cluster."""
    name = f"g{abs(hash(request.node.name)) % 10**9}"
    filled(tmp_path / "journal", setting, name)
    with closing(ClusterReader(tmp_path / "journal", setting)) as reader:
        yield name, reader
        reader.cluster.call(lambda js: js.delete_stream(messages.stream_of(name)))


def test_a_local_file_stays_until_everybody_has_it(tmp_path: Path, kept: tuple[str, ClusterReader]) -> None:
    name, reader = kept
    folder = tmp_path / "journal"
    files = JournalReader(folder).journals(name)
    assert len(files) == 4

    def why(positions: dict[str, FrameRef], **more: int) -> str:
        return looked(tmp_path, reader, positions, **more)[files[0]]

    assert "no signed checkpoint" in why({})
    Notary.in_data(tmp_path, reader=reader).checkpoint(at=LATER)
    assert "the projection is at no frame" in why({})
    last = JournalReader(folder).end(files[0])
    assert f"the projection is at {files[0]}/{last}/1 only" in why({name: FrameRef(files[0], last, 1)})
    assert "not old enough" in why({name: FrameRef(files[-1], 1, 0)}, days=60)
    found = looked(tmp_path, reader, {name: FrameRef(files[1], 2**31 - 1, 0)})
    assert list(found.values())[:2] == ["", ""], found
    assert "the projection" in found[files[2]]
    assert found[files[3]] == f"{files[2]} stays"
    assert looked(tmp_path, reader, projected(tmp_path, reader))[files[3]] == "the newest of its gateway"


def test_a_file_dropped_here_comes_back_row_for_row(tmp_path: Path, kept: tuple[str, ClusterReader]) -> None:
    name, reader = kept
    folder, near = tmp_path / "journal", JournalReader(tmp_path / "journal")
    whole = list(near.blocks())
    Notary.in_data(tmp_path, reader=reader).checkpoint(at=LATER)
    terms = local.Terms(LATER - timedelta(days=10), projected(tmp_path, reader))
    held = local.look(folder, reader, terms)
    with pytest.raises(LocalError, match="the newest of its gateway"):
        local.drop(folder, held[-1])
    for one in held[:-1]:
        local.drop(folder, one)
    assert near.journals(name) == [held[-1].journal]
    assert [path.name for path in folder.glob(f"{held[0].journal}*")] == []
    assert local.absent(folder, reader) == [one.journal for one in held[:-1]]
    assert reader.verify().problems == ()
    assert {fault.code for fault in near.verify().problems} >= {"prev"}, (
        "the files alone are no whole chain any more"
    )
    for one in held[:-1]:
        assert local.bring_back(folder, reader, one.journal) == one.blocks
    assert list(near.blocks()) == whole
    assert near.verify().problems == ()
    with pytest.raises(LocalError, match="is here already"):
        local.bring_back(folder, reader, held[0].journal)
    with pytest.raises(NotFound):
        local.bring_back(folder, reader, f"{name}-20200101")


def test_what_the_cluster_could_lose_or_has_otherwise_stays_here(
    tmp_path: Path, setting: Setting, kept: tuple[str, ClusterReader]
) -> None:
    name, reader = kept
    folder = tmp_path / "journal"
    Notary.in_data(tmp_path, reader=reader).checkpoint(at=LATER)
    positions = projected(tmp_path, reader)
    first = JournalReader(folder).journals(name)[0]
    notary = Notary.in_data(tmp_path)
    plan = retention.plan(JournalReader(folder), LATER + timedelta(days=500), retention.ages(), Holds())
    assert plan.cuts
    retention.carry_out(notary, plan, at=LATER + timedelta(days=500), by="test")
    assert "reduced by retention, the cluster holds it whole" in looked(tmp_path, reader, positions)[first]

    async def expiring(js: object) -> object:
        stream = messages.stream_of(name)
        config = (await js.stream_info(stream)).config
        return await js.update_stream(config.evolve(max_age=10.0**9, duplicate_window=60.0))

    reader.cluster.call(expiring)
    assert "max_age" in looked(tmp_path, reader, positions)[first]


def test_the_command_drops_by_the_setting_and_the_gateway_goes_on(
    tmp_path: Path, setting: Setting, kept: tuple[str, ClusterReader]
) -> None:
    name, reader = kept
    folder = tmp_path / "journal"
    files = JournalReader(folder).journals(name)
    refused = run(tmp_path, setting, "journal", "local", "--drop")
    assert (refused.returncode, "MINGCHA_JOURNAL_LOCAL_DAYS is not set" in refused.stderr) == (2, True)
    signed = run(tmp_path, setting, "journal", "checkpoint", "--json")
    heads = json.loads(signed.stdout)["checkpoints"][-1]["heads"]
    assert [(h["journal"], h["frames"]) for h in heads if h["gateway"] == name] == [(files[-1], 60)]
    projected(tmp_path, reader)
    days = {"MINGCHA_JOURNAL_LOCAL_DAYS": "1"}
    told = json.loads(run(tmp_path, setting, "journal", "local", "--drop", "--json", **days).stdout)
    old = [row["journal"] for row in told["files"] if row["why"] == ""]
    assert told["dropped"] == old
    assert old, told
    assert JournalReader(folder).journals(name) == [one for one in files if one not in old]
    with ClusterJournal(folder, setting, gateway=name) as journal:
        [ref] = journal.append([entry(70)])
        assert journal.shipper.place.message == 21
    assert reader.read(ref) == entry(70)
    assert len(list(reader.entries(gateway=name))) == 61
    back = run(tmp_path, setting, "journal", "local", "--bring-back", "all", "--json")
    assert sorted(json.loads(back.stdout)["brought_back"]) == old
    assert JournalReader(folder).verify().problems == ()


def test_an_emptied_stream_takes_no_chain_that_begins_later(
    tmp_path: Path, setting: Setting, kept: tuple[str, ClusterReader]
) -> None:
    name, reader = kept
    folder = tmp_path / "journal"
    first = JournalReader(folder).journals(name)[0]
    (folder / f"{first}.sqlite3").unlink()
    reader.cluster.call(lambda js: js.delete_stream(messages.stream_of(name)))
    with (
        ClusterJournal(folder, Setting(setting.servers, timeout_s=3.0), gateway=name) as journal,
        pytest.raises(JournalFailed, match="older files were dropped here"),
    ):
        journal.append([entry(71)])


def test_retention_goes_by_publishing_the_reduced_journal_anew(
    tmp_path: Path, setting: Setting, kept: tuple[str, ClusterReader]
) -> None:
    """The five steps of jetstream/FORMAT.md §5; the command itself refuses, and names them."""
    name, reader = kept
    folder = tmp_path / "journal"
    at = LATER + timedelta(days=500)
    refused = run(tmp_path, setting, "journal", "retain")
    assert refused.returncode == 2, refused.stderr
    assert "--bring-back all" in refused.stderr
    assert "nats stream rm" in refused.stderr

    notary = Notary.in_data(tmp_path, reader=reader)
    notary.checkpoint(at=LATER)
    terms = local.Terms(LATER - timedelta(days=10), projected(tmp_path, reader))
    for one in local.look(folder, reader, terms)[:-1]:
        local.drop(folder, one)
    for journal in local.absent(folder, reader):
        local.bring_back(folder, reader, journal)
    stated = retention.carry_out(
        Notary.in_data(tmp_path),
        retention.plan(JournalReader(folder), at, retention.ages(), Holds()),
        at=at,
        by="test",
    )
    assert stated is not None
    gone = stated.body["dropped"]["quarantine"]
    assert gone > 10
    reader.cluster.call(lambda js: js.delete_stream(messages.stream_of(name)))
    with ClusterJournal(folder, setting, gateway=name) as journal:
        journal.append([entry(72)])
    with closing(ClusterReader(folder, setting)) as anew:
        report = anew.verify()
        assert report.problems == ()
        assert sum(one.entries for one in report.dropped) == gone
        assert list(anew.blocks(gateway=name)) == list(JournalReader(folder).blocks())
        left = {
            e.verdict for _, e in anew.entries(FrameRef(f"{name}-20261120", 1, -1), limit=20, gateway=name)
        }
        assert "quarantine" not in left


def test_checkpoints_are_signed_from_the_cluster(
    tmp_path: Path, setting: Setting, kept: tuple[str, ClusterReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker signs although no local file is there, and refuses where the cluster has not what was signed."""
    name, reader = kept
    folder = tmp_path / "journal"
    head = reader.head(name)
    assert head is not None
    for path in folder.glob(f"{name}-*"):
        path.unlink()
    monkeypatch.setenv("MINGCHA_DATA", str(tmp_path))
    monkeypatch.setenv("MINGCHA_JOURNAL", ",".join(setting.servers))
    checkpointing.checkpoint(LATER)
    lines = (folder / "checkpoints.jsonl").read_text().splitlines()
    body = json.loads(lines[-1].partition(" ")[2])
    [mine] = [one for one in body["heads"] if one["gateway"] == name]
    assert (mine["journal"], mine["block"], mine["chain"], mine["frames"]) == (
        head.journal,
        head.block,
        head.chain,
        60,
    )
    assert reader.verify().statements > 4
    assert reader.verify().problems == ()
    checkpointing.checkpoint(LATER + timedelta(minutes=5))
    assert len((folder / "checkpoints.jsonl").read_text().splitlines()) == len(lines)

    reader.cluster.call(lambda js: js.delete_stream(messages.stream_of(name)))
    filled(tmp_path / "other", setting, name, blocks=6)
    with pytest.raises(BrokenEvidence, match="a cluster has yet to follow"):
        checkpointing.checkpoint(LATER + timedelta(minutes=30))


def test_the_doctor_looks_at_the_cluster(
    tmp_path: Path, setting: Setting, kept: tuple[str, ClusterReader]
) -> None:
    _, reader = kept
    for path in (tmp_path / "journal").glob("*.sqlite3"):
        path.unlink()
    projected(tmp_path, reader)

    def told(where: Setting) -> dict[str, dict[str, object]]:
        done = run(tmp_path, where, "doctor", "--json")
        return {one["name"]: one for one in json.loads(done.stdout)["checks"]}

    well = told(setting)
    assert (well["journal"]["ok"], well["journal"]["found"]) == (True, "60 frames, 0 problems")
    assert well["projection"]["ok"], well["projection"]
    assert "up to date" in str(well["projection"]["found"])
    ill = told(Setting(("nats://127.0.0.1:1",)))
    for name in ("journal", "projection"):
        assert not ill[name]["ok"]
        assert "start the cluster" in str(ill[name]["remedy"])


@pytest.mark.parametrize("text", ["0", "-1", "a week", "1.5"])
def test_days_that_are_none_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_JOURNAL_LOCAL_DAYS", text)
    with pytest.raises(BadInput, match="expected a whole number of days"):
        data.journal_local_days()


def test_local_files_are_kept_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINGCHA_JOURNAL_LOCAL_DAYS", raising=False)
    monkeypatch.setenv("MINGCHA_JOURNAL", "nats://127.0.0.1:1")
    assert data.journal_local_days() is None
    assert checkpointing.local_files() is None
    monkeypatch.setenv("MINGCHA_JOURNAL_LOCAL_DAYS", "30")
    assert checkpointing.local_files() is not None
    monkeypatch.setenv("MINGCHA_JOURNAL", "embedded")
    assert checkpointing.local_files() is None
