"""The answer to an upload in the form its station wants it; HJ 212 guide §12.2: some devices ask for QnRtn in 9014."""

from mingcha.protocol.hj212 import PLAIN_DIALECT, Dialect, Message, answer, wrap
from mingcha.protocol.hj212.commands import DATA_REPLY, INTERACTION_ST
from mingcha.protocol.hj212.replies import reply_cn

CONTENT = {"plain": "", "qnrtn": "QnRtn=1", "qnrtn_exertn": "QnRtn=1;ExeRtn=1"}  # Dialect.reply
COPIED_MAX = 255  # characters of a copied header field; longer ones are hostile


def answer_as(message: Message, dialect: Dialect) -> bytes | None:
    """``answer``, or 9014 with what the station's settings put into it. 2005 keeps its own form: QN is in its CP."""
    plain = dialect.reply == PLAIN_DIALECT.reply and dialect.reply_flag == PLAIN_DIALECT.reply_flag
    if plain or message.edition == "2005" or reply_cn(message) != DATA_REPLY:
        return answer(message)
    flag = "0" if dialect.reply_flag == "zero" else str((message.flag or 0) >> 2 << 2)
    fields = {
        "QN": message.qn, "ST": INTERACTION_ST, "CN": DATA_REPLY, "PW": message.pw, "MN": message.mn, "Flag": flag,
    }  # fmt: skip
    head = ";".join(f"{name}={text[:COPIED_MAX]}" for name, text in fields.items())
    return wrap(f"{head};CP=&&{CONTENT[dialect.reply]}&&".encode())
