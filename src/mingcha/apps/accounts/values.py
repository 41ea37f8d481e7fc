"""The unified social credit code (统一社会信用代码), GB 32100-2015."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
LENGTH = 18
WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))


def uscc_check_digit(body: str) -> str:
    """The 18th character for the first 17.

    Raises:
        ValueError: ``body`` is not 17 characters of the alphabet.
    """
    if len(body) != LENGTH - 1 or any(c not in ALPHABET for c in body):
        raise ValueError(f"{body!r}: expected {LENGTH - 1} characters of {ALPHABET}")
    total = sum(ALPHABET.index(c) * weight for c, weight in zip(body, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def uscc_problem(code: str) -> str:
    """What is wrong with ``code``, in a sentence; "" where nothing is."""
    if len(code) != LENGTH:
        return f"统一社会信用代码应为 {LENGTH} 位，现为 {len(code)} 位 (expected 18 characters, found {len(code)})"
    strange = sorted({c for c in code if c not in ALPHABET})
    if strange:
        return f"含有不允许的字符 {' '.join(strange)}；只用数字和大写字母，不用 I O S V Z (characters not allowed)"
    if not code[2:8].isdigit():
        return f"第 3–8 位应为行政区划数字，现为 {code[2:8]} (characters 3 to 8 must be digits)"
    expected = uscc_check_digit(code[:-1])
    if code[-1] != expected:
        return f"校验码应为 {expected}，现为 {code[-1]}，请核对 (check digit {expected} expected, {code[-1]} found)"
    return ""
