"""Badges: a shape by meaning and a word (ui.md §4). Colour comes third.

One row a state. The shapes: good ●, waiting ○, moving ⟳, near !, late ▲, doubted ◆, refused ✕, human ✎, ended ■.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from mingcha.portals.shared import causes

# name of a shape in the sprite (shape-<name>) → the sign read in plain text
SHAPES = {
    "good": "●", "waiting": "○", "moving": "⟳", "near": "!", "late": "▲",
    "doubted": "◆", "refused": "✕", "human": "✎", "ended": "■",
}  # fmt: skip
TONES = frozenset({"good", "none", "notice", "grace", "suspicion", "breach", "mark"})


@dataclass(frozen=True, slots=True)
class Badge:
    """``shape`` of SHAPES, ``tone`` of TONES (a colour of ui.md §5), ``word``: Chinese msgid."""

    shape: str
    tone: str
    word: str


def _table(text: dict[str, tuple[str, str, str]]) -> dict[str, Badge]:
    return {state: Badge(*row) for state, row in text.items()}


BADGES: dict[str, dict[str, Badge]] = {
    "link": _table({
        "online": ("good", "good", _("在线")),
        "delayed": ("near", "grace", _("延迟")),
        "offline": ("late", "breach", _("断线")),
        "never": ("waiting", "none", _("未联网")),
        "stopped": ("ended", "mark", _("停运")),
        "backfilling": ("moving", "notice", _("补传中")),
        "quarantine": ("refused", "suspicion", _("隔离")),
    }),
    "flag": _table({
        "N": ("good", "good", _("正常N")),
        "F": ("ended", "mark", _("停运F")),
        "M": ("human", "mark", _("维护M")),
        "S": ("human", "mark", _("手工S")),
        "D": ("late", "suspicion", _("故障D")),
        "C": ("near", "grace", _("校准C")),
        "T": ("late", "suspicion", _("超上限T")),
        "B": ("refused", "suspicion", _("通讯异常B·212")),
        "Td": ("doubted", "suspicion", _("工况异常Td")),
        "St": ("moving", "notice", _("启炉St")),
        "Sd": ("moving", "notice", _("停炉Sd")),
        "B75": ("ended", "mark", _("闷炉B·75")),
        "Md": ("refused", "none", _("无数据Md")),
    }),
    "hour": _table({
        "valid": ("good", "good", _("有效")),
        "invalid": ("refused", "suspicion", _("无效")),
        "partial": ("near", "grace", _("部分")),
        "substituted": ("waiting", "mark", _("替代")),
        "revised": ("moving", "notice", _("修订")),
        "missing": ("refused", "none", _("缺")),
    }),
    "report": _table({
        "running": ("moving", "notice", _("未结束")),
        "provisional": ("near", "grace", _("暂定")),
        "complete": ("good", "good", _("已截止")),
    }),
    "verdict": _table({
        "met": ("good", "good", _("达标")),
        "exceeded": ("late", "breach", _("超标")),
        "not_judged": ("waiting", "none", _("未判定")),
        "no_limit": ("waiting", "none", _("无小时限值")),
    }),
    "qc": _table({
        "in_control": ("good", "good", _("在控")),
        "grace": ("near", "grace", _("宽限")),
        "overdue": ("late", "suspicion", _("超期")),
        "out_of_control": ("refused", "breach", _("失控")),
        "unknown": ("waiting", "none", _("未知")),
    }),
    "evidence": _table({
        "sufficient": ("good", "good", _("充分")),
        "fair": ("near", "grace", _("一般")),
        "weak": ("waiting", "suspicion", _("薄弱")),
        "contradictory": ("doubted", "breach", _("矛盾")),
    }),
    "proof": _table({
        "verified": ("good", "good", _("已核验")),
        "unverified": ("waiting", "none", _("未核验")),
        "broken": ("refused", "breach", _("不符")),
        "hidden": ("ended", "none", _("无权")),
        "expired": ("ended", "none", _("已过保存期")),
    }),
    "facility": _table({
        "planned": ("waiting", "none", _("规划")),
        "trial": ("moving", "notice", _("试运行")),
        "networked": ("good", "notice", _("已联网")),
        "filed": ("good", "good", _("已备案")),
        "operating": ("good", "good", _("运行")),
        "stopped": ("ended", "mark", _("停用")),
        "retired": ("ended", "none", _("退役")),
    }),
    "task": _table({
        "planned": ("waiting", "none", _("已排")),
        "assigned": ("waiting", "notice", _("已派")),
        "in_progress": ("moving", "notice", _("进行中")),
        "done": ("good", "good", _("完成")),
        "missed": ("late", "breach", _("漏做")),
        "cancelled": ("ended", "none", _("取消")),
    }),
    "contract": _table({
        "running": ("good", "good", _("履行中")),
        "future": ("waiting", "none", _("双方已签")),
        "expired": ("ended", "none", _("到期")),
        "ended": ("ended", "none", _("终止")),
    }),
    "visit": _table({
        "open": ("moving", "notice", _("进行中")),
        "submitted": ("waiting", "notice", _("已提交")),
        "returned": ("refused", "suspicion", _("被退回")),
        "reviewed": ("good", "notice", _("已审核")),
        "confirmed": ("good", "notice", _("已确认")),
        "complete": ("good", "good", _("已齐")),
        "complete_on_site": ("near", "grace", _("已齐(待离场)")),
        "disputed": ("doubted", "suspicion", _("有异议")),
        "left": ("ended", "good", _("已离场")),
        "unconfirmed": ("late", "suspicion", _("未确认离场")),
        "auto_closed": ("refused", "suspicion", _("自动关闭")),
    }),
    "mark": _table({
        "suggested": ("waiting", "none", _("建议")),
        "submitted": ("human", "notice", _("已提交")),
        "accepted": ("good", "good", _("已接受")),
        "questioned": ("doubted", "suspicion", _("被质疑")),
        "corrected": ("human", "notice", _("已更正")),
        "withdrawn": ("ended", "none", _("已撤回")),
    }),
    "duty": _table({
        "running": ("waiting", "notice", _("进行")),
        "near": ("near", "grace", _("临期")),
        "today": ("near", "suspicion", _("今日")),
        "late": ("late", "breach", _("逾期")),
        "met": ("good", "good", _("已完成")),
        "met_late": ("good", "grace", _("逾期完成")),
        "waived": ("ended", "none", _("免除")),
        "cancelled": ("ended", "none", _("取消")),
    }),
    "finding": _table({
        "detected": ("waiting", "notice", _("检出")),
        "dismissed": ("refused", "none", _("已排除")),
        "assigned": ("human", "notice", _("已分派")),
        "confirmed": ("late", "breach", _("属实")),
        "false_alarm": ("refused", "none", _("误报")),
        "withdrawn": ("ended", "none", _("已撤销(数据更新)")),
        "merged": ("ended", "none", _("已并入")),
        "in_case": ("moving", "suspicion", _("已立案")),
    }),
    "finding_kind": _table({
        "rule": ("late", "breach", _("超标")),
        "duty": ("late", "suspicion", _("逾期")),
        "clue": ("doubted", "suspicion", _("疑似")),
    }),
    "level": _table({
        "urgent": ("late", "breach", _("一级")),
        "serious": ("late", "suspicion", _("二级")),
        "general": ("near", "grace", _("三级")),
        "notice": ("waiting", "notice", _("四级")),
    }),
    "case": _table({
        "open": ("waiting", "suspicion", _("待分派")),
        "assigned": ("moving", "notice", _("核实中")),
        "closed": ("ended", "none", _("关闭")),
    }),
    "conclusion": _table({
        "confirmed": ("late", "breach", _("属实")),
        "rectified": ("good", "good", _("属实，已整改")),
        "unfounded": ("refused", "none", _("不属实")),
    }),
    "credit": _table({
        "counted": ("late", "suspicion", _("计入")),
        "withdrawn": ("ended", "none", _("已撤销")),
    }),
    "frame": _table({
        "accepted": ("good", "good", _("接受")),
        "deviating": ("near", "grace", _("偏差")),
        "rejected": ("refused", "breach", _("拒绝")),
        "partial": ("waiting", "notice", _("部分")),
        "quarantine": ("refused", "suspicion", _("隔离")),
        "answer": ("ended", "none", _("应答")),
        "skipped": ("ended", "none", _("间隔")),
    }),
    "command": _table({
        "queued": ("waiting", "notice", _("待发送")),
        "sent": ("moving", "notice", _("已发送")),
        "accepted": ("moving", "notice", _("已接受")),
        "running": ("moving", "notice", _("执行中")),
        "done": ("good", "good", _("完成")),
        "failed": ("late", "breach", _("失败")),
        "refused": ("refused", "suspicion", _("拒绝")),
        "timed_out": ("late", "suspicion", _("超时")),
        "cancelled": ("ended", "none", _("已取消")),
    }),
    "key": _table({
        "proposed": ("waiting", "suspicion", _("待批准")),
        "approved": ("moving", "notice", _("待下发")),
        "in_force": ("good", "good", _("使用中")),
        "replaced": ("ended", "none", _("已更换")),
        "rejected": ("refused", "none", _("未采用")),
    }),
    "quarantine": _table({
        "waiting": ("waiting", "suspicion", _("待处理")),
        "adopted": ("good", "good", _("已登记")),
        "dismissed": ("refused", "none", _("已排除")),
    }),
    "forward": _table({
        "connected": ("good", "good", _("已连接")),
        "connecting": ("moving", "notice", _("连接中")),
        "waiting": ("near", "suspicion", _("等待重连")),
        "stopped": ("ended", "none", _("已停止")),
        "off": ("ended", "none", _("未启用")),
        "never": ("waiting", "grace", _("尚未运行")),
        "silent": ("late", "breach", _("转发程序没有消息")),
    }),
    "completeness": _table({
        "full": ("good", "good", _("齐全")),
        "invalid": ("near", "grace", _("有无效")),
        "partial": ("doubted", "suspicion", _("有缺")),
        "lost": ("late", "breach", _("全缺")),
        "not_due": ("ended", "mark", _("不计")),
        "none": ("waiting", "none", _("未计算")),
        "future": ("waiting", "none", _("未到")),
    }),
    "amount": _table({
        "under": ("good", "good", _("未超许可量")),
        "expected": ("near", "suspicion", _("预计会超")),
        "over": ("late", "breach", _("已超许可量")),
        "none": ("waiting", "none", _("无许可量")),
    }),
    "furnace": _table({
        "under": ("good", "good", _("未超出")),
        "over": ("late", "breach", _("超出")),
        "open": ("waiting", "suspicion", _("缺数据，未判")),
    }),
    "codes": _table({
        "open": ("waiting", "notice", _("待确认")),
        "confirmed": ("good", "good", _("已确认")),
        "reopened": ("moving", "grace", _("已重新开放")),
    }),
    "setting": _table({
        "in_force": ("good", "good", _("现用")),
        "future": ("waiting", "notice", _("将生效")),
        "past": ("ended", "none", _("已结束")),
        "undone": ("refused", "none", _("已撤销")),
    }),
    "sureness": _table({
        "official": ("good", "good", _("原文")),
        "secondary": ("near", "grace", _("转引")),
        "doubtful": ("doubted", "suspicion", _("存疑")),
        "default": ("waiting", "none", _("默认")),
    }),
}  # fmt: skip

BADGES["cause"] = {cause: Badge(look.shape, look.tone, look.word) for cause, look in causes.every().items()}


def badge(kind: str, state: str) -> Badge:
    """The badge of a state.

    Raises:
        KeyError: no such kind or state; the message names what was asked for and what exists.
    """
    table = BADGES.get(kind)
    if table is None:
        raise KeyError(f"no badges of kind {kind!r}; kinds: {', '.join(BADGES)}")
    if state not in table:
        raise KeyError(f"no badge {kind!r} {state!r}; states: {', '.join(table)}")
    return table[state]
