"""What the host answers to an upload or a notify, in the sender's edition and form."""

from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.editions import VERSION_SHIFT
from mingcha.protocol.hj212.encode import wrap
from mingcha.protocol.hj212.message import Message
from mingcha.protocol.hj212.verdicts import FrameVerdict

_ASCII_MAX = 255  # bytes of a copied header field; longer ones are hostile


def answer(message: Message) -> bytes | None:
    """9014 for an upload, 9013 for a notify; None where no answer is wanted or the frame was refused.

    Same QN, PW and MN as received, ST=91. Send it only after the frame is stored.
    """
    cn = reply_cn(message)
    if cn is None or message.verdict is FrameVerdict.REJECTED:
        return None
    if message.edition == "2005":
        return wrap(_segment_2005(message, cn))
    flag = (message.flag or 0) >> VERSION_SHIFT << VERSION_SHIFT
    head = f"QN={_copied(message.qn)};ST={commands.INTERACTION_ST};CN={cn};{_station(message)}"
    return wrap(f"{head};Flag={flag};CP=&&&&".encode())


def reply_cn(message: Message) -> str | None:
    """Which CN answers this message of the field; None for one that is an answer itself or wants none."""
    if not message.wants_ack or message.cn in commands.REPLIES or not message.cn:
        return None
    notify = commands.is_notify(message.cn, message.edition) and not commands.is_upload(
        message.cn, message.edition
    )
    return commands.NOTIFY_REPLY if notify else commands.DATA_REPLY


def _segment_2005(message: Message, cn: str) -> bytes:
    """HJ/T 212-2005: QN, and in 9014 the CN answered, inside CP."""
    fields = [f"QN={_copied(message.qn)}"] if message.qn else []
    if cn == commands.DATA_REPLY:
        fields.append(f"CN={_copied(message.cn)}")
    return f"ST={commands.INTERACTION_ST};CN={cn};{_station(message)};CP=&&{';'.join(fields)}&&".encode()


def _station(message: Message) -> str:
    return f"PW={_copied(message.pw)};MN={_copied(message.mn)}"


def _copied(text: str) -> str:
    return text[:_ASCII_MAX]
