"""History on an object store: the same tests as in a folder, against moto in server mode."""

from datetime import timedelta

import pyarrow.fs as pafs
import pytest
from history_worlds import ALL, OUTLETS, pair, same_packets
from moto.server import ThreadedMotoServer
from packet_makers import DAY
from test_history_sealing import SIX, fill, late

from mingcha.core.errors import BadInput
from mingcha.store.telemetry import open_telemetry
from mingcha.store.telemetry.history import duck, tidying
from mingcha.store.telemetry.history.check import health
from mingcha.store.telemetry.history.place import Place

BUCKET = "mingcha-history"


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def objects(endpoint, monkeypatch):
    """The object store in the environment; gives a file system that looks into it."""
    said = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION", raising=False)
    fs = pafs.S3FileSystem(
        access_key="key",
        secret_key="secret",
        endpoint_override=endpoint,
        region="us-east-1",
        allow_bucket_creation=True,
    )
    fs.create_dir(BUCKET)
    return fs


def alike(one, other):
    """Every row, and what charts ask; a question for each hour would take this server minutes."""
    assert one.digest() == other.digest()
    same_packets(one, other, "M1/31", "2051", ALL)
    assert one.hours(OUTLETS[0], ALL) == other.hours(OUTLETS[0], ALL)


def count(folder, sql):
    with duck.connect(folder, kinds=["2051"]) as connection:
        return connection.sql(sql).fetchall()


def test_sealed_read_reopened_and_sealed_again_on_an_object_store(objects, tmp_path):
    one, other = pair(tmp_path, history=f"s3://{BUCKET}/some/where", buckets=2)
    fill(one, other, days=2)
    one.seal(DAY + timedelta(days=1, hours=12))
    assert objects.get_file_info(pafs.FileSelector(f"{BUCKET}/some/where/{one.generation()}/readings"))
    assert not (tmp_path / "sealing" / "history").exists()
    alike(one, other)
    for store in (one, other):
        assert store.write([late(1, 3)], position=None).revisions == 1
    alike(one, other)
    hours = 'SELECT outlet, count(*), sum(mean) FROM hours WHERE "current" GROUP BY 1 ORDER BY 1'
    values = 'SELECT factor, count(*), round(sum("value"), 6) FROM readings GROUP BY 1 ORDER BY 1'
    for sql in (hours, values):
        assert count(one, sql) == count(other, sql)
    one.seal(SIX)
    alike(one, other)
    for sql in (hours, values):
        assert count(one, sql) == count(other, sql)
    assert health(one).broken == []
    assert tidying.tidy(one, one.shelf, keep_hours=0) > 0
    again = open_telemetry(one.where, f"s3://{BUCKET}/some/where")
    alike(again, other)
    for store in (one, other, again):
        store.close()


def test_an_object_that_is_gone_is_found(objects, tmp_path):
    one, other = pair(tmp_path, history=f"s3://{BUCKET}/gone")
    fill(one, days=1)
    one.seal(SIX)
    objects.delete_dir_contents(f"{BUCKET}/gone")
    assert "not there" in health(one).broken[0]
    one.close()
    other.close()


@pytest.mark.parametrize("where", ["s3://", "gs://bucket/x", "s3:///"])
def test_an_address_of_another_form_is_refused(where):
    with pytest.raises(BadInput, match="expected"):
        Place.of(where)
