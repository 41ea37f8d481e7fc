"""The CRC of HJ 212 (HJ 212-2017 appendix A), and the algorithms met in its place.

The register drops its old low byte at every step, so one byte of state is left and the whole is linear
over GF(2). With ``M(x)`` the high byte of ``TABLE[x]`` and bytes ``b[0] … b[n-1]``::

    result = TABLE[x]  where  x = M^(n-1)(0xFF) xor  M^(n-1-i)(b[i]) over all i

``M`` is linear and ``M^8`` is the identity (``tests/protocol/test_crc.py`` proves both), so bytes eight
apart meet the same power of ``M``: XOR all 8-byte words counted from the end, then eight look-ups.
Only the 256 values of ``TABLE`` can occur (and FFFF for no bytes at all).
"""

POLYNOMIAL = 0xA001
EMPTY = 0xFFFF


def _entry(index: int) -> int:
    for _ in range(8):
        index = (index >> 1) ^ POLYNOMIAL if index & 1 else index >> 1
    return index


TABLE: tuple[int, ...] = tuple(_entry(i) for i in range(256))
VALUES = frozenset(TABLE)


def _powers() -> tuple[bytes, ...]:
    """``M^0 … M^7`` as byte maps."""
    powers = [bytes(range(256))]
    for _ in range(7):
        powers.append(bytes(TABLE[x] >> 8 for x in powers[-1]))
    return tuple(powers)


POWERS = _powers()


def crc_bitwise(segment: bytes) -> int:
    """The algorithm as the standard prints it; slow, the definition of the others."""
    register = EMPTY
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            low = register & 1
            register >>= 1
            if low:
                register ^= POLYNOMIAL
    return register


def modbus(segment: bytes) -> int:
    """CRC-16/Modbus, which many devices send instead."""
    register = EMPTY
    for byte in segment:
        register = (register >> 8) ^ TABLE[(register ^ byte) & 0xFF]
    return register


def swapped(value: int) -> int:
    return (value & 0xFF) << 8 | value >> 8


def dialect(segment: bytes, given: int, expected: int) -> str | None:
    """Which other algorithm made ``given``; None where it looks like damage.

    HJ 212 knows 256 values only: any other was made by another algorithm or typed by hand.
    """
    other = modbus(segment)
    if given == other:
        return "CRC-16/Modbus, high byte first"
    if given == swapped(other):
        return "CRC-16/Modbus, low byte first"
    if given == swapped(expected):
        return "HJ 212 with its bytes swapped"
    return None if given in VALUES else "no value of the HJ 212 algorithm"


def parse_hex(text: bytes) -> int | None:
    """Four ASCII hex digits of either case to a number."""
    if len(text) != 4 or not all(c in b"0123456789abcdefABCDEF" for c in text):
        return None
    return int(text, 16)


def crc(segment: bytes) -> int:
    """The CRC of a data segment: the folded form explained above."""
    size = len(segment)
    if not size:
        return EMPTY
    # The register starts as FF over nothing: that byte meets the first one.
    folded = int.from_bytes(segment, "big") ^ 0xFF << 8 * (size - 1)
    width = 8 << max(size - 1, 7).bit_length()  # bits, a power of two
    while width > 64:
        width >>= 1
        folded = (folded >> width) ^ (folded & ((1 << width) - 1))
    state = 0
    for power in POWERS:
        state ^= power[folded & 0xFF]
        folded >>= 8
    return TABLE[state]
