"""Sizes, times and sets of the protocol, each with its reason."""

from enum import IntEnum

SEGMENT_MAX = 1024  # bytes of a data segment; longer ones must be split
PARAMETERS_MAX = {"2005": 960, "2017": 950, "2025": 950}  # bytes between CP=&& and &&
CEILING = 4096  # longest segment we take; real devices send up to 1623 bytes
HEAD, CRC_DIGITS = 6, 4  # bytes: ## and the length; the CRC

HALF_FRAME_S = 30.0  # a half frame waits no longer
GARBAGE_MAX = 64 * 1024  # a connection that sent so much without one frame is closed

FURNACE_MIN = 5  # minutes of the means of 2111
MINUTE_MIN = 10  # minutes of the data of 2051 where a station's interval is not known
DRIFT_WARN_S, DRIFT_ACT_S = 60, 300  # clock of the field machine against ours: warn, send 1012

# How far a declared length exceeds the true one when the sender counted parts of the envelope as well:
# head 2, length 4, CRC 4 and tail 2 bytes in any combination.
COUNTED_ENVELOPE = frozenset({2, 4, 6, 8, 10, 12})

HEADER = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF", "CP")  # in the order of the standard

CIPHER_BLOCK = 16  # SM4; a shorter rest stays plain
CIPHER_STRANGE = 3  # unprintable bytes a block; fewer occur in 2 of 100,000 ciphertexts of one block
HEADS_MAX = 100_000  # headers remembered: five commands of 20,000 stations, some 500 bytes each

# DataTime of an upload starts its interval: a multiple of so many seconds of the Beijing day. HJ 212-2017 附录C.
ALIGNED_S = {"2011": 1, "2021": 1, "2041": 1, "2051": 60, "2061": 3600, "2031": 86400, "2111": 60}


class LengthPolicy(IntEnum):
    """What to do where the length is wrong and the CRC fits the segment that ends at ``&&``."""

    REJECT = 0
    EXPLAINED = 1  # accept where it counts parts of the envelope too, or characters in place of bytes
    ANY = 2  # accept


KEY_GRACE_H = (
    72  # default: how long the previous key is still read after a change; the standard gives no number
)


def may_be_encrypted(cn: str) -> bool:
    """HJ 212-2025 §6.4: data commands, 1014 and 3020."""
    return cn.startswith("2") or cn in ("1014", "3020")
