"""Every named problem of a frame: what it is called, which clause it breaks and what follows.

``REJECTS``: the frame is kept as evidence, not answered, and gives no readings, whatever a station's dialect says.
``DEVIATES``: it is accepted and the deviation counted; strict stations refuse it. ``NOTES``: it is accepted and
counted even by strict stations, as it breaks nothing on the wire; a dialect may refuse it by name. ``guide`` names
the place in our guide to the protocol that asks for the check.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mingcha.protocol.hj212.events import Problem

FRAME = "HJ 212-2017 §6.3"
CRC = "HJ 212-2017 附录A"
CODES = "HJ 212-2017 附录B"
EXAMPLES = "HJ 212-2017 附录C"
CIPHER = "HJ 212-2025 §6.4"
GENERAL_2025 = "HJ 212-2025"


class Effect(StrEnum):
    REJECTS = "rejects"
    DEVIATES = "deviates"
    NOTES = "notes"


class FrameVerdict(StrEnum):
    ACCEPTED = "accepted"
    DEVIATING = "deviating"
    REJECTED = "rejected"
    PARTIAL = "partial"  # only where a stream ends inside a frame


class Decides(Protocol):
    """The settings of a station (``Dialect``): what a deviation does to its frames."""

    def effect(self, code: str) -> Effect: ...


@dataclass(frozen=True, slots=True)
class Kind:
    code: str
    effect: Effect
    clause: str
    guide: str
    zh: str
    en: str


R, D, N = Effect.REJECTS, Effect.DEVIATES, Effect.NOTES

_KINDS = (
    # found while cutting the stream
    Kind("garbage", R, FRAME, "12.1", "包头前的杂乱字节", "bytes that belong to no frame"),
    Kind("half_frame", R, FRAME, "12.1", "数据包不完整", "the frame is cut short"),
    Kind("length_digits", R, FRAME, "12.5", "数据段长度不是四位数字", "the length is not four digits"),
    Kind("length_ceiling", R, FRAME, "12.1", "数据段长度超过上限", "the declared length is over the ceiling"),
    Kind("length", R, FRAME, "12.5", "数据段长度不符", "the length is wrong, the CRC fits"),
    Kind("length_and_crc", R, FRAME, "12.1", "数据段长度与CRC均不符", "length and CRC are both wrong"),
    Kind("crc", R, CRC, "2.1", "CRC校验不符", "the CRC does not fit"),
    Kind("crc_modbus_low_first", R, CRC, "12.5", "CRC为Modbus算法，低字节在前", "the CRC is that of Modbus, low byte first"),
    Kind("crc_modbus_high_first", R, CRC, "12.5", "CRC为Modbus算法，高字节在前", "the CRC is that of Modbus, high byte first"),
    Kind("crc_swapped", R, CRC, "2.1", "CRC高低字节颠倒", "the CRC has its bytes swapped"),
    Kind("crc_over_head", R, CRC, "2.1", "CRC将包头一并计算", "the CRC was made over head and length too"),
    Kind("crc_placeholder", R, CRC, "12.5", "CRC为占位值", "the CRC is a placeholder, 0000 or 1234"),
    Kind("crc_impossible", R, CRC, "2.1", "CRC不是本算法可能的值", "the CRC is no value of the algorithm: typed in, or made by another one"),
    Kind("crc_missing", R, CRC, "12.1", "CRC不是四位十六进制数", "there are no four hex digits where the CRC belongs"),
    Kind("crc_case", D, CRC, "12.5", "CRC为小写", "the CRC is in lower case"),
    Kind("structure", R, FRAME, "2.1", "CRC相符但内容不是数据段", "the CRC fits, but this is no data segment"),
    Kind("ciphertext_as_text", R, CIPHER, "10", "密文以文本形式传送", "the ciphertext is written out as text"),
    Kind("length_wrong", D, FRAME, "12.5", "数据段长度误计，按CRC容忍", "the length is wrong, tolerated as the CRC fits"),
    Kind("length_characters", D, FRAME, "12.5", "数据段长度按字符而非字节计", "the length counts characters, not bytes"),
    Kind("encrypted", N, CIPHER, "10", "数据区已加密，暂无密钥", "the parameters are encrypted and no key is at hand"),
    Kind("key_wrong", R, CIPHER, "10", "密钥不能解密", "no key at hand decrypts the parameters, so the CRC cannot be confirmed"),
    Kind("key_previous", N, CIPHER, "10", "使用旧密钥加密", "the parameters were encrypted with a previous key"),
    Kind("crc_over_ciphertext", R, CIPHER, "10", "CRC按密文计算", "the CRC was made over the ciphertext, not the plain text"),
    Kind("tail", N, FRAME, "12.5", "包尾不是回车换行", "the frame does not end with CR LF"),
    # the data segment as a whole
    Kind("segment_too_long", D, FRAME, "12.5", "数据段超过1024字节", "the data segment is over 1024 bytes"),
    Kind("parameters_too_long", D, FRAME, "2", "指令参数超过长度上限", "the content of CP is over the limit"),
    Kind("parameters_missing", D, FRAME, "13", "缺少CP", "there is no CP"),
    Kind("closing_missing", D, FRAME, "12.5", "缺少结尾&&", "the closing && is missing"),
    Kind("separator", D, FRAME, "12.5", "分隔符误用", "a comma and a semicolon are mixed up"),
    Kind("item_empty", D, FRAME, "12.5", "多余的分号或逗号", "a separator stands where nothing is to be parted"),
    Kind("header_separator", D, FRAME, "12.5", "头部字段以逗号分隔", "a comma parts fields of the header"),
    Kind("cp_unseparated", D, FRAME, "12.5", "CP前缺少分号", "the semicolon before CP is missing"),
    Kind("blanks", D, FRAME, "12.5", "多余空格", "there are blanks around names, values or separators"),
    Kind("bare_item", D, FRAME, "13", "存在没有等号的内容", "an item has no ="),
    Kind("field_duplicate", D, FRAME, "12.5", "字段重复，取第一个", "a field comes twice; the first counts"),
    Kind("text_encoding", D, FRAME, "12.5", "文字不是UTF-8编码", "the text is not UTF-8"),
    Kind("text_url", D, FRAME, "12.5", "文字为URL编码", "the text is URL-encoded"),
    # the header
    Kind("header_order", D, FRAME, "12.5", "字段顺序不符", "the header fields come in another order"),
    Kind("header_unknown", D, FRAME, "13", "未知的头部字段", "the header has an unknown field"),
    Kind("qn_missing", D, FRAME, "12.5", "缺少QN", "QN is missing"),
    Kind("qn_format", D, FRAME, "12.5", "QN格式不符", "QN is no time of 17 digits"),
    Kind("st_missing", D, FRAME, "12.2", "缺少ST", "ST is missing"),
    Kind("st_unknown", D, CODES, "12.5", "未知的系统编码", "ST is not in the table"),
    Kind("cn_missing", R, FRAME, "12.2", "缺少CN", "CN is missing"),
    Kind("cn_unknown", D, FRAME, "12.2", "未知的命令编码", "CN is not in the table"),
    Kind("cn_login", D, CODES, "12.5", "地方扩展的登录命令", "a login of a regional dialect"),
    Kind("cn_vendor", D, CODES, "12.5", "厂商自定义命令", "a command number of a vendor"),
    Kind("pw_missing", D, FRAME, "12.5", "缺少PW", "PW is missing or empty"),
    Kind("pw_format", D, FRAME, "12.5", "PW超过6位", "PW is over 6 characters"),
    Kind("mn_missing", R, FRAME, "12.2", "缺少MN", "MN is missing or empty"),
    Kind("mn_format", D, FRAME, "12.5", "MN格式不符", "MN has not the form of its edition"),
    Kind("mn_length", D, FRAME, "12.5", "MN长度不符", "MN has not the length of its edition"),
    Kind("mn_uuid", D, FRAME, "12.5", "MN为UUID", "MN is a UUID"),
    Kind("mn_null", D, FRAME, "12.5", "MN为null", "MN is the word null"),
    Kind("mn_case", D, FRAME, "13", "MN含小写字母", "MN has lower-case letters"),
    Kind("flag_missing", D, FRAME, "12.5", "缺少Flag", "Flag is missing; no answer is wanted"),
    Kind("flag_format", D, FRAME, "12.2", "Flag不是0至255", "Flag is no number from 0 to 255"),
    Kind("flag_version", D, FRAME, "3", "Flag版本位未知", "the version bits of Flag are unknown"),
    Kind("surface_water", N, GENERAL_2025, "3", "地表水自动站协议", "the protocol of the surface-water stations"),
    Kind("pack_missing", D, FRAME, "12.5", "Flag标明拆分但缺少包号", "Flag says split, but PNUM or PNO is missing"),
    Kind("pack_unflagged", D, FRAME, "12.5", "有包号但Flag未标明拆分", "PNUM and PNO are there, but Flag does not say so"),
    Kind("pack_number", D, FRAME, "13", "包号不合理", "PNO is not within 1 to PNUM"),
    Kind("pack_swapped", D, FRAME, "12.5", "总包数与包号颠倒", "PNO is over PNUM: the two look swapped"),
    Kind("pack_padded", D, FRAME, "12.5", "包号前有零", "PNUM or PNO is padded with zeros"),
    Kind("rf_value", D, GENERAL_2025, "3", "RF取值未定义", "RF has an undefined value; taken as a normal upload"),
    # the parameters
    Kind("data_time_missing", R, EXAMPLES, "13", "缺少DataTime", "DataTime is missing"),
    Kind("data_time_unusable", D, EXAMPLES, "13", "DataTime无法识别，无读数", "DataTime is no time; the frame is kept, its readings have no place"),
    Kind("data_time_format", D, EXAMPLES, "12.5", "DataTime格式不符", "DataTime has more than 14 digits; the rest is ignored"),
    Kind("data_time_ms", D, EXAMPLES, "12.5", "DataTime带毫秒", "DataTime has milliseconds, which are ignored"),
    Kind("data_time_zone", D, EXAMPLES, "12.5", "DataTime带时区", "DataTime names a time zone, which is ignored: it is Beijing time"),
    Kind("data_time_unaligned", D, EXAMPLES, "12.5", "DataTime未对齐", "DataTime is not the start of an interval"),
    Kind("value_not_number", D, FRAME, "12.5", "数值不是数字", "the value is no number and counts as missing"),
    Kind("value_empty", D, FRAME, "12.5", "数值为空", "the value is empty"),
    Kind("value_exponent", D, FRAME, "12.5", "数值为指数形式", "the value has an exponent"),
    Kind("value_unit", D, FRAME, "12.5", "数值后带单位", "the value carries its unit and counts as missing"),
    Kind("value_huge", D, FRAME, "12.5", "数值位数过多", "the value has over 32 characters and counts as missing"),
    Kind("value_format", N, CODES, "14", "数值格式与本站设置不符", "the value has more digits than the format of this station"),
    Kind("data_flag_unknown", D, CODES, "7", "未知的数据标记", "the data flag is unknown; the value is not valid"),
    Kind("data_flag_case", D, CODES, "7", "数据标记为小写", "the data flag is in lower case"),
    Kind("data_flag_bare", D, EXAMPLES, "12.5", "所有因子共用一个Flag", "one bare Flag stands for all factors"),
    Kind("factor_unknown", N, CODES, "12.5", "未知的因子编码", "the factor code is unknown; kept as it is"),
    Kind("factor_2005", D, CODES, "12.5", "使用2005版因子编码", "a factor code of 2005 in a frame of a later edition"),
    Kind("factor_2017", D, CODES, "12.5", "2005版报文使用2017版因子编码", "a factor code of 2017 in a frame of 2005"),
    Kind("factor_mistyped", D, CODES, "12.5", "因子编码疑似笔误", "the factor code looks mistyped; kept as it is"),
    Kind("field_unknown", D, FRAME, "8", "未知的字段名", "the field name is unknown; kept as it is"),
    Kind("field_mistyped", D, FRAME, "12.5", "字段名疑似笔误", "the field name looks mistyped; kept as it is"),
    Kind("field_vendor", D, FRAME, "12.5", "厂商自定义字段", "a field of a vendor; kept as it is"),
    Kind("reply_parameters", D, EXAMPLES, "12.2", "应答多带参数", "the reply carries parameters it should not"),
    Kind("reply_heartbeat", D, EXAMPLES, "12.5", "以应答充当心跳", "a reply that answers nothing, sent as a heartbeat"),
    # against the clock
    Kind("future", N, FRAME, "12.4", "时间在未来", "the frame is of the future"),
    Kind("clock_drift", N, FRAME, "12.4", "现场机时钟偏差", "the clock of the field machine is off"),
    Kind("interval_end", N, EXAMPLES, "12.3", "DataTime疑似时段结束时间", "DataTime looks like the end of the interval"),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.code: kind for kind in _KINDS}


def problem(code: str, found: str = "") -> Problem:
    """The problem named ``code``, with what was found."""
    kind = KINDS[code]
    return Problem(code, kind.clause, f"{kind.en}: {found}" if found else kind.en)


def verdict_of(problems: tuple[Problem, ...], dialect: Decides | None = None) -> FrameVerdict:
    """What follows from all problems of one frame, for a station with this dialect (None: a tolerant one)."""
    if not problems:
        return FrameVerdict.ACCEPTED
    if dialect is None:
        refused = any(KINDS[found.code].effect is Effect.REJECTS for found in problems)
    else:
        refused = any(dialect.effect(found.code) is Effect.REJECTS for found in problems)
    return FrameVerdict.REJECTED if refused else FrameVerdict.DEVIATING
