import shutil
import subprocess
from datetime import UTC

import pytest
from journal_authority import Authority
from journal_makers import DAY_US, T0
from signed_world import AT, LATER, grown, outside, signed

from mingcha.core.clock import from_us
from mingcha.core.errors import LocalError
from mingcha.core.spans import Span
from mingcha.store.journal import (
    JournalReader,
    Notary,
    StampFailed,
    export,
    stamps,
    statements,
    verify_package,
)

WHOLE = Span(from_us(T0), from_us(T0 + 4 * DAY_US))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(authority):
    authority.mood = "right"
    running = authority.serve()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def data(tmp_path):
    signed(tmp_path)
    return tmp_path


def newest(data):
    return statements.last(data / "journal" / statements.FILE)


def test_the_newest_checkpoint_is_stamped_once(data, server, authority):
    asked = authority.asked
    assert stamps.stamp_newest(data / "journal", server.url) == 4
    assert stamps.stamp_newest(data / "journal", server.url) is None
    assert authority.asked == asked + 1
    answer = stamps.path_of(data / "journal", 4).read_bytes()
    stamp = stamps.examine(4, newest(data).digest, answer, stamps.roots_of(authority.roots))
    assert (stamp.time.astimezone(UTC), stamp.trusted) == (authority.time, True)
    assert not stamps.examine(4, newest(data).digest, answer, []).trusted


def test_a_stamp_of_another_authority_is_not_trusted(data, server, tmp_path):
    stamps.stamp_newest(data / "journal", server.url)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    answer = stamps.path_of(data / "journal", 4).read_bytes()
    with pytest.raises(StampFailed, match="under one of the given roots"):
        stamps.examine(4, newest(data).digest, answer, stamps.roots_of(other.roots))
    with pytest.raises(StampFailed, match="another found"):
        stamps.examine(4, "0" * 64, answer, [])


@pytest.mark.parametrize(
    ("mood", "says"),
    [("refused", "granted"), ("other_digest", "other bytes"), ("other_nonce", "another request"),
     ("garbage", "RFC 3161 answer expected"), ("error", "HTTP 503")],
)  # fmt: skip
def test_an_answer_of_no_use_is_not_kept_and_it_is_asked_again(data, server, authority, mood, says):
    authority.mood = mood
    with pytest.raises(StampFailed, match=says):
        stamps.stamp_newest(data / "journal", server.url)
    assert stamps.stamped(data / "journal") == []
    authority.mood = "right"
    assert stamps.stamp_newest(data / "journal", server.url) == 4


def test_an_authority_that_is_away_delays_the_stamp_and_never_the_journal(data, authority):
    gone = authority.serve()
    gone.shutdown()
    gone.server_close()
    with pytest.raises(StampFailed, match="asked for again later"):
        stamps.stamp_newest(data / "journal", gone.url)
    grown(data)
    notary = Notary.in_data(data)
    assert notary.checkpoint(at=LATER)
    assert notary.checkpoint(at=LATER)
    back = authority.serve()
    assert stamps.stamp_newest(data / "journal", back.url) == 6  # the newest covers those before it
    back.shutdown()
    back.server_close()
    assert JournalReader(data / "journal").verify().ok


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "nowhere", "http://"])
def test_an_address_of_another_kind_is_said(data, url):
    with pytest.raises(StampFailed, match="http or https address expected"):
        stamps.stamp_newest(data / "journal", url)


def test_tls_is_checked_against_the_authorities_of_this_machine(data, authority, monkeypatch):
    running = authority.serve(tls=True)
    with pytest.raises(StampFailed, match="CERTIFICATE_VERIFY_FAILED"):
        stamps.stamp_newest(data / "journal", running.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.roots))
    assert stamps.stamp_newest(data / "journal", running.url) == 4
    running.shutdown()
    running.server_close()


def test_a_file_of_roots_must_hold_certificates(tmp_path):
    (tmp_path / "r.pem").write_text("nothing")
    with pytest.raises(LocalError, match="PEM expected"):
        stamps.roots_of(tmp_path / "r.pem")


def test_a_package_goes_on_to_the_first_stamped_checkpoint_and_proves_its_time(data, server, authority):
    notary = Notary.in_data(data)
    for _ in range(3):
        notary.checkpoint(at=LATER)
    stamps.stamp_newest(data / "journal", server.url)
    notary.checkpoint(at=LATER)
    manifest = export(JournalReader(data / "journal"), data / "e.zip", WHOLE, at=AT, mn="M001")
    assert manifest["statements"]["stamped"] == [7]
    report = verify_package(data / "e.zip", roots=stamps.roots_of(authority.roots))
    assert report.problems == []
    assert report.stamps == {7: authority.time.isoformat()}
    code, told = outside(data / "e.zip")
    assert code == 0, told
    assert (
        f"openssl ts -verify -digest {statements.read(data / 'journal' / statements.FILE)[6].digest}" in told
    )


def test_a_stamp_exchanged_for_another_is_found(data, server):
    notary = Notary.in_data(data)
    stamps.stamp_newest(data / "journal", server.url)
    notary.checkpoint(at=LATER)
    stamps.stamp_newest(data / "journal", server.url)
    shutil.copy(stamps.path_of(data / "journal", 4), stamps.path_of(data / "journal", 5))
    assert {(f.block, f.code) for f in JournalReader(data / "journal").verify().problems} == {(5, "stamp")}
    code, told = outside(data / "journal")
    assert code == 1
    assert "stamp 5 is about statement 5" in told


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")
def test_openssl_accepts_the_stamp_as_the_summary_says(data, server, authority):
    stamps.stamp_newest(data / "journal", server.url)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-digest", newest(data).digest, "-in",
         str(stamps.path_of(data / "journal", 4)), "-CAfile", str(authority.roots)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout + done.stderr, done.stderr
