"""Passwords are hidden wherever a frame is shown."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import good, message_of, only_frame, segment

from mingcha.protocol.hj212 import decode, describe, mask

secrets = st.text("abcdefXYZ0123456789", min_size=1, max_size=24)


@given(secrets, secrets)
def test_no_password_survives_masking(old, new):
    raw = segment(PW=old, CN="1072", cp=f"NewPW={new};x=1")
    hidden = mask(raw)
    assert len(hidden) == len(raw)
    assert b"PW=%b;" % (b"*" * len(old)) in hidden
    assert b"NewPW=%b;x=1" % (b"*" * len(new)) in hidden


@given(st.binary(max_size=200))
def test_masking_keeps_the_length_of_any_bytes(raw):
    assert len(mask(raw)) == len(raw)


def test_masking_touches_nothing_else():
    assert mask(good()) == good().replace(b"PW=123456", b"PW=******")
    assert mask(b"PW=;MN=1") == b"PW=;MN=1"
    assert mask(b"PW= secret;") == b"PW= ******;"


def test_a_session_key_is_hidden_too():
    assert mask(b"NewSK=0123456789abcdef&&") == b"NewSK=****************&&"


def test_described_frames_hide_passwords_unless_asked():
    message = message_of(segment(PW="abc123", CN="1072", cp="NewPW=zyx987"))
    shown = json.dumps(describe(message))
    assert "abc123" not in shown
    assert "zyx987" not in shown
    assert describe(message, reveal=True)["fields"]["PW"] == "abc123"
    assert describe(decode(only_frame(good())))["fields"]["PW"] == "******"
