"""How one station is read: every tolerance and every open point of the standard is a named setting.

A ``Dialect`` is a value: two equal ones read any bytes alike, so a dated dialect rebuilds what was read then.
``SETTINGS`` tells what each one means, its default and how sure that default is; pages, forms and
``docs/deviations.md`` are made from it. Minimum samples of an interval and the time a logger must keep its data
are no matter of reading: the first are parameters of ``stats``, the second of the duties.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.protocol.hj212 import dialect_json
from mingcha.protocol.hj212.crc import DIALECTS
from mingcha.protocol.hj212.limits import CEILING, KEY_GRACE_H, MINUTE_MIN, LengthPolicy
from mingcha.protocol.hj212.verdicts import KINDS, Effect

TOLERANT, STRICT = "tolerant", "strict"

# Names of ``Dialect.crc``: CRCs taken besides HJ 212's own. The problem of each is ``crc_`` and its name.
CRC_DIALECTS = (*DIALECTS, "over_ciphertext")
MINUTE_INTERVALS = (0, 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)  # HJ 212-2017 §6.6, MinInterval

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The settings of one station. Frozen and hashable; the hash is computed once.

    ``refused`` and ``allowed`` name deviations that are decided otherwise than ``mode`` does: tolerant takes
    every named deviation but the refused ones, strict takes only the allowed ones. What ``KINDS`` says always
    rejects can be in neither. Build one from outside by ``from_json`` alone: it checks, the constructor does not.
    """

    mode: str = TOLERANT
    refused: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    crc: frozenset[str] = frozenset()
    lengths: str = "explained"
    ceiling: int = CEILING
    encrypted_cns: frozenset[str] = frozenset({"2*", "1014", "3020"})
    ciphertext: str = "bytes"
    key_grace_h: int = KEY_GRACE_H
    mn_pattern: str = ""
    password: str = "warn"  # noqa: S105 - what follows from a wrong one, no password
    reply: str = "plain"
    reply_flag: str = "edition"
    data_time: str = "start"
    minute_interval: int = 0
    supplement_values: frozenset[str] = frozenset({"1"})
    data_flags: Pairs = ()
    factors: Pairs = ()
    units: Pairs = ()
    formats: Pairs = ()
    retained_sample_cn: str = ""
    heartbeat_s: int = 0
    timeout_s: int = 10
    resends: int = 3
    _hash: int = field(init=False, repr=False, compare=False)
    _taken: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(tuple(getattr(self, name) for name in _NAMES)))
        object.__setattr__(self, "_taken", frozenset(_taken(self)))

    def __hash__(self) -> int:
        return self._hash

    def effect(self, code: str) -> Effect:
        """What the deviation ``code`` does to a frame of this station."""
        effect = KINDS[code].effect
        if code in self._taken:
            return Effect.NOTES
        if effect is Effect.REJECTS or code in self.refused:
            return Effect.REJECTS
        strict = self.mode == STRICT and effect is Effect.DEVIATES and code not in self.allowed
        return Effect.REJECTS if strict else effect

    def length_policy(self) -> LengthPolicy:
        return LengthPolicy[self.lengths.upper()]

    @property
    def minutes(self) -> int:
        """The interval of minute data; 10 where it is not known."""
        return self.minute_interval or MINUTE_MIN

    def may_be_encrypted(self, cn: str) -> bool:
        """Whether CP of this command may hold ciphertext; ``2*`` stands for all that begin with 2."""
        sets = self.encrypted_cns
        return cn in sets or any(one[-1:] == "*" and cn.startswith(one[:-1]) for one in sets)

    def to_json(self) -> dict[str, Any]:
        """All settings as plain values, sets sorted; what is default today is written too, so it stays in force."""
        return {name: dialect_json.plain(getattr(self, name)) for name in _NAMES}

    @classmethod
    def from_json(cls, data: str | Mapping[str, Any]) -> "Dialect":
        """The dialect of ``to_json``'s text or object; what is left out takes its default.

        Raises:
            BadInput: it is no JSON object, names an unknown setting, or a value is not of its kind; the
                problems are named by setting.
        """
        return cls(**dialect_json.values(data, SETTINGS))


_LENGTHS = ("length_wrong", "length_characters", "length_digits")


def _taken(dialect: Dialect) -> Iterator[str]:
    """Codes that a setting of their own admits, whatever the mode."""
    for name in dialect.crc:
        yield f"crc_{name}"
    if dialect.ciphertext == "text":
        yield "ciphertext_as_text"
    if dialect.lengths == "any":
        yield from _LENGTHS


_NAMES = tuple(one.name for one in fields(Dialect) if one.init)
_DEFAULTS = {one.name: one.default for one in fields(Dialect) if one.init}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. ``kind``: choice, choices, codes, number, text, pattern, letters or pairs (see dialect_json).

    ``source`` is the place that leaves it open or gives its default; ``sureness`` is that of the default.
    """

    name: str
    kind: str
    zh: str
    en: str
    sureness: Sureness
    source: str
    choices: tuple[str | int, ...] = ()
    least: int = 0
    most: int = 0
    unit: str = ""

    @property
    def default(self) -> Any:
        return _DEFAULTS[self.name]


_V, _S, _I = Sureness.OFFICIAL, Sureness.SECONDARY, Sureness.DEFAULT
_F = "HJ 212-2017 §6.3"
_G = "guide §14"
_UNDECIDED = frozenset({"tail", "future", "clock_drift", "interval_end"})  # known after the frame was decided
_TOLERABLE = tuple(
    k.code for k in KINDS.values() if k.effect is not Effect.REJECTS and k.code not in _UNDECIDED
)

SETTINGS: dict[str, Setting] = {
    one.name: one
    for one in (
        Setting("mode", "choice", "判定模式", "strict refuses every deviation that is not allowed by name", _I, "guide §12.5", (TOLERANT, STRICT)),
        Setting("refused", "codes", "拒收的偏差", "deviations refused although the mode takes them", _I, "guide §12.5", _TOLERABLE),
        Setting("allowed", "codes", "允许的偏差", "deviations taken although the mode refuses them", _I, "guide §12.5", _TOLERABLE),
        Setting("crc", "choices", "另接受的CRC算法", "CRCs taken besides HJ 212's own", _I, "guide §12.5 CRC", CRC_DIALECTS),
        Setting("lengths", "choice", "长度不符而CRC相符时", "a wrong length whose CRC fits: reject, take where it counts parts of the envelope, take", _I, "guide §12.1", ("reject", "explained", "any")),
        Setting("ceiling", "number", "数据段长度上限", "longest data segment taken", _I, _F, (), 64, CEILING, "byte"),
        Setting("encrypted_cns", "patterns", "加密的命令编码", "commands whose CP may be ciphertext; 2* is all that begin with 2", _S, "HJ 212-2025 §6.4"),
        Setting("ciphertext", "choice", "密文形式", "text takes ciphertext written out as {0xE4,0x3E…} too", _I, "HJ 212-2025 §6.4", ("bytes", "text")),
        Setting("key_grace_h", "number", "旧密钥宽限期", "how long the previous key is still tried", _I, _G, (), 0, 24 * 90, "h"),
        Setting("mn_pattern", "pattern", "MN格式", "form of MN where it differs from that of the edition, e.g. A110000_[0-9]{4}", _I, _G),
        Setting("password", "choice", "密码不符时", "a wrong PW: ignore, warn, reject", _I, "guide §12.2", ("ignore", "warn", "reject")),
        Setting("reply", "choice", "9014形式", "what 9014 carries in CP", _S, "guide §12.2", ("plain", "qnrtn", "qnrtn_exertn")),
        Setting("reply_flag", "choice", "应答的Flag", "Flag of answers: that of the edition, or 0", _S, "guide §12.2", ("edition", "zero")),
        Setting("data_time", "choice", "DataTime含义", "DataTime of interval data is its start, or (against the standard) its end", _V, "HJ 212-2017 §6.6", ("start", "end")),
        Setting("minute_interval", "choice", "分钟数据间隔", "interval of minute data; 0 where it is not known", _I, "HJ 212-2017 §6.6", MINUTE_INTERVALS, unit="min"),
        Setting("supplement_values", "texts", "补传标识取值", "values of RF that mark a supplement", _S, "HJ 212-2025"),
        Setting("data_flags", "letters", "数据标记对照", "data flags of this station and the letters of the edition they stand for", _I, "guide §7"),
        Setting("factors", "pairs", "因子编码对照", "codes of this station and the codes they stand for", _I, "guide §8"),
        Setting("units", "pairs", "因子单位", "units that differ from the table, by factor", _I, "guide §8"),
        Setting("formats", "formats", "因子格式", "formats that differ from the table, by factor, e.g. N4.1", _I, "guide §8"),
        Setting("retained_sample_cn", "cn", "留样信息上传的命令编码", "CN of the upload of retained-sample information, not found in the standard", _I, "guide §5.1"),
        Setting("heartbeat_s", "number", "心跳周期", "period of 9015; 0 where it is not known", _I, "HJ 212-2025", (), 0, 86_400, "s"),
        Setting("timeout_s", "number", "超时时间", "time-out of an exchange (ADSL 5, others 10, NB-IoT 30)", _V, "HJ 212-2017 §6.5", (), 1, 99, "s"),
        Setting("resends", "number", "重发次数", "resends before the exchange ends (NB-IoT 5)", _V, "HJ 212-2017 §6.5", (), 0, 99),
    )
}  # fmt: skip

PLAIN_DIALECT = Dialect()
