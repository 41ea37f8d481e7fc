"""The CRC of HJ 212 (HJ 212-2017 appendix A), and the algorithms met in its place.

Why eight look-ups are enough. One step is ``register = S((register >> 8) xor b)`` with ``S`` the eight shifts.

1. ``register >> 8`` drops the old low byte, so before every step only the high byte counts: one byte of state ``h``,
   and the next one is ``M(h xor b)`` with ``M(x)`` the high byte of ``S(x) = TABLE[x]``.
2. ``S`` shifts and XORs a constant where a bit is set, so ``S(x xor y) = S(x) xor S(y)``; ``M`` too is linear over GF(2).
3. The register begins as FFFF, so ``h = FF`` meets ``b[0]``. By 1 and 2, for bytes ``b[0] … b[n-1]``, n at least 1::

       result = TABLE[x]  where  x = M^(n-1)(FF)  xor  M^(n-1-i)(b[i]) over all i

4. ``M^8`` is the identity, so bytes eight apart, counted from the end, meet the same power of ``M``, and by 2 may be
   joined first: XOR all 8-byte words counted from the end, then one look-up in ``POWERS`` for each of eight bytes.

Points 2 and 4 are facts about 256 values and are tried on all of them, the whole against the bitwise definition on
every segment of one and two bytes and on random ones (``tests/protocol/test_crc.py``). By 3 only the 256 values of
``TABLE`` can occur, and FFFF for no bytes at all.
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


# What made a CRC that is not HJ 212's own; the names are those of ``Dialect.crc``.
DIALECTS = {
    "modbus_high_first": "CRC-16/Modbus, high byte first",
    "modbus_low_first": "CRC-16/Modbus, low byte first",
    "swapped": "HJ 212 with its bytes swapped",
    "over_head": "HJ 212 over head, length and segment",
    "placeholder": "a placeholder, no value of any computation",
    "impossible": "no value of the HJ 212 algorithm",
}
PLACEHOLDERS = frozenset({0x0000, 0x1234})


def dialect_name(segment: bytes, given: int, expected: int) -> str | None:
    """Which other algorithm made ``given``, by its name in ``DIALECTS``; None where it looks like damage.

    HJ 212 knows 256 values only: any other was made by another algorithm or typed by hand.
    """
    other = modbus(segment)
    made = {other: "modbus_high_first", swapped(other): "modbus_low_first", swapped(expected): "swapped"}
    if given in made:
        return made[given]
    if given in PLACEHOLDERS:
        return "placeholder"
    if given not in VALUES:
        return "impossible"
    return "over_head" if given == crc(b"##%04d%b" % (len(segment), segment)) else None


def dialect(segment: bytes, given: int, expected: int) -> str | None:
    """``dialect_name`` in words."""
    name = dialect_name(segment, given, expected)
    return None if name is None else DIALECTS[name]


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
