"""Words of devices that are data elsewhere: choices of settings, what a command will do, kinds of results."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from mingcha.protocol.hj212.dialect import SETTINGS, Setting
from mingcha.protocol.hj212.exchanges.catalogue import Parameter
from mingcha.protocol.hj212.verdicts import KINDS

# What a choice of a dialect setting is called: by setting, by value.
CHOICES: dict[str, dict[str, Promise | str]] = {
    "mode": {"tolerant": _("宽容：除拒收的偏差外都接受"), "strict": _("严格：除允许的偏差外都拒收")},
    "lengths": {
        "reject": _("拒收"), "explained": _("能解释长度差异时接受"), "any": _("接受"),
    },
    "crc": {
        "modbus_low_first": _("Modbus，低字节在前"), "modbus_high_first": _("Modbus，高字节在前"), "swapped": _("高低字节颠倒"),
        "over_head": _("连包头一并计算"), "placeholder": _("占位值 0000 或 1234"), "impossible": _("任意填写的值"),
        "over_ciphertext": _("按密文计算"),
    },
    "ciphertext": {"bytes": _("字节"), "text": _("也接受写成文本的密文")},
    "password": {"ignore": _("不检查"), "warn": _("记为偏差"), "reject": _("拒收")},
    "reply": {"plain": _("空"), "qnrtn": "QnRtn=1", "qnrtn_exertn": "QnRtn=1;ExeRtn=1"},
    "reply_flag": {"edition": _("按版本"), "zero": "0"},
    "data_time": {"start": _("时段开始"), "end": _("时段结束")},
    "minute_interval": {"0": _("未知")},
    "heartbeat_s": {"0": _("未知")},
}  # fmt: skip

# The parts of the form of a setting, in order.
PARTS: tuple[tuple[Promise, tuple[str, ...]], ...] = (
    (_("判定"), ("mode", "refused", "allowed", "crc", "lengths", "ceiling", "mn_pattern", "password")),
    (_("应答与会话"), ("reply", "reply_flag", "timeout_s", "resends", "heartbeat_s")),
    (_("数据含义"), ("data_time", "minute_interval", "supplement_values", "data_flags", "factors", "units", "formats", "retained_sample_cn")),
    (_("加密（2025 版）"), ("encrypted_cns", "ciphertext", "key_grace_h")),
)  # fmt: skip

# What will happen at the site; these commands are confirmed on a page of their own.
EFFECTS: dict[str, Promise] = {
    "calibrate": _("在线监测仪将立即开始零点或量程校准。校准期间该因子没有有效监测数据，数采仪应标记为校准（C）。"),
    "clean": _("在线监测仪将立即开始清洗或反吹。期间该因子没有有效监测数据。"),
    "standard_check": _("在线监测仪将立即测量标准样品，结果作为核查数据上传，不计入排放数据。"),
    "set_sampling_hours": _("在线监测仪的采样时刻将改变，此后按新的时刻采样。"),
    "set_sampling_cycle": _("在线监测仪的采样周期将改变，此后按新的周期采样。"),
    "sample_now": _("在线监测仪将立即采样测量一次。"),
    "compare_sample": _("采样器将立即启动超标或比对留样。"),
    "keep_sample": _("采样器将立即留样，占用一个留样瓶。"),
    "retain_sample": _("采样器将立即留样，占用一个留样瓶。"),
    "set_information": _("现场仪器的参数将改变，可能影响测量结果。与备案参数不一致时应先变更备案。"),
    "set_alarm_target": _("数采仪将改向新的上位机地址发送报警，地址错误时本平台收不到报警。"),
    "stop_realtime": _("数采仪将停止上传实时数据，直到再次开启。"),
    "stop_states": _("数采仪将停止上传设备状态，直到再次开启。"),
}  # fmt: skip


def choice_word(setting: str, value: object) -> str:
    """What a choice is called; the value itself where it has no word."""
    if setting in ("refused", "allowed"):
        kind = KINDS.get(str(value))
        return str(value) if kind is None else f"{_english(kind)} ({value})"
    return str(CHOICES.get(setting, {}).get(str(value), value))


def setting_word(name: str) -> str:
    """A setting in the language of the page."""
    setting = SETTINGS.get(name)
    return name if setting is None else _english(setting)


def setting_value(name: str, value: Any) -> str:
    """A value of a dialect in words."""
    unit = SETTINGS[name].unit if name in SETTINGS else ""
    if isinstance(value, dict):
        text = ", ".join(f"{key}={one}" for key, one in value.items())
    elif isinstance(value, list | tuple | frozenset):
        text = ", ".join(choice_word(name, one) for one in sorted(value))
    else:
        text = choice_word(name, value)
    numeric = text.isascii() and text.isdigit()
    return f"{text}\N{NO-BREAK SPACE}{unit}" if numeric and unit else text or "—"


def parameter_word(parameter: Parameter) -> str:
    return parameter.label_en if get_language() == "en" else parameter.label_zh


def choices_of(parameter: Parameter) -> list[tuple[str, str]]:
    """The choices of a command's value with their words."""
    named = parameter.choices_en if get_language() == "en" else parameter.choices_zh
    return list(zip(parameter.choices, named or parameter.choices, strict=True))


def _english(source: Any) -> str:
    return str(source.en if get_language() == "en" else source.zh)


__all__ = [
    "CHOICES",
    "EFFECTS",
    "PARTS",
    "Setting",
    "choice_word",
    "choices_of",
    "parameter_word",
    "setting_value",
    "setting_word",
]
