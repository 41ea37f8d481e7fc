"""SM4 of 2025: the standard's own vectors, whole blocks with a plain tail, and the Authorization string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocol.hj212_frames import segment

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import sm4

KEY = b"0" * 16
keys = st.binary(min_size=16, max_size=16)


def test_the_example_of_gb_t_32907():
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert sm4.encrypt_bytes(block, block).hex() == "681edf34d206965e86b3e94f536e4246"
    assert sm4.decrypt_bytes(bytes.fromhex("681edf34d206965e86b3e94f536e4246"), block) == block


@given(st.binary(max_size=200), keys)
def test_whole_blocks_are_encrypted_and_the_rest_stays_plain(content, key):
    cipher = sm4.encrypt_bytes(content, key)
    whole = len(content) // 16 * 16
    assert len(cipher) == len(content)
    assert cipher[whole:] == content[whole:]
    assert sm4.decrypt_bytes(cipher, key) == content


@given(st.binary(max_size=120), keys)
def test_a_segment_is_encrypted_between_cp_and_the_last_ampersands(content, key):
    plain = segment(Flag="9", cp="").replace(b"&&&&", b"&&" + content + b"&&")
    cipher = sm4.encrypt(plain, key)
    head = plain.index(b"CP=&&") + 5
    assert (cipher[:head], cipher[-2:], len(cipher)) == (plain[:head], b"&&", len(plain))
    assert sm4.decrypt(cipher, key) == plain


@given(st.binary(min_size=16, max_size=120), keys)
def test_the_text_form_can_be_read_back(content, key):
    plain = segment(Flag="9", cp="").replace(b"&&&&", b"&&" + content + b"&&")
    cipher = sm4.encrypt(plain, key)
    assert sm4.from_text(sm4.to_text(cipher)) == cipher


@pytest.mark.parametrize(
    "text", [b"CP=&&{0xE4,0x3}&&", b"CP=&&{0xE4,,0x3E}&&", b"CP=&&0xE4&&", b"CP=&&{}&&", b"QN=1"]
)
def test_what_is_no_text_form_is_none(text):
    assert sm4.from_text(text) is None


def test_keys_are_hex_or_sixteen_characters():
    assert sm4.key_of("30" * 16) == sm4.key_of("0" * 16) == KEY
    for bad in ("", "0" * 15, "g" * 32, "密" * 16):
        with pytest.raises(BadInput, match="32 hex digits"):
            sm4.key_of(bad)


@pytest.mark.parametrize("bad", [b"QN=1;CP=&&x", b"QN=1", b"CP=&&", b"&&"])
def test_a_segment_without_cp_cannot_be_encrypted(bad):
    with pytest.raises(BadInput, match="CP"):
        sm4.encrypt(bad, KEY)


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_key_has_sixteen_bytes(size):
    with pytest.raises(BadInput, match="16"):
        sm4.encrypt_bytes(b"x" * 16, b"0" * size)


def test_the_authorization_string_of_appendix_h():
    made = sm4.authorization("testuser", "AezF0nZRs4kypuGO", b"msbE74gsiSHSEh5e")
    assert made == "LG/m7lsFU/taig+vbQsDJXy4NGAaE2j2lplPwhZM7iM="
    assert sm4.is_authorized(made, "testuser", "AezF0nZRs4kypuGO", b"msbE74gsiSHSEh5e")
    assert not sm4.is_authorized(made, "testuser", "AezF0nZRs4kypuGo", b"msbE74gsiSHSEh5e")
    assert not sm4.is_authorized("密", "testuser", "AezF0nZRs4kypuGO", b"msbE74gsiSHSEh5e")
    with pytest.raises(BadInput, match="colon"):
        sm4.authorization("a:b", "c", KEY)
