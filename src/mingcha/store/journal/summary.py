"""What people read in an evidence package: a listing of the frames and a summary in Chinese and in English."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from mingcha.core.clock import beijing, from_us
from mingcha.core.refs import FrameRef
from mingcha.store.journal import tree
from mingcha.store.journal.entry import Entry

LISTING = "listing.txt"
ZH, EN = "summary.zh.txt", "summary.en.txt"


def frame_line(ref: FrameRef, e: Entry, proof: tree.Proof, *, inside: bool) -> dict[str, Any]:
    """A frame as it stands in ``frames.jsonl``."""
    return {
        "ref": str(ref),
        "direction": e.direction.name.lower(),
        "received_us": e.received_us,
        "received": from_us(e.received_us).isoformat(),
        "conn": e.conn,
        "mn": e.mn,
        "verdict": e.verdict,
        "in_span": inside,
        "raw": b64encode(e.raw).decode(),
        "proof": [[child.hex() for child in children] for children in proof],
    }


def listed(ref: FrameRef, e: Entry, masked: Callable[[bytes], bytes]) -> str:
    """A frame for people; times are Beijing time."""
    text = masked(e.raw).decode("utf-8", "backslashreplace").rstrip()
    when = beijing(from_us(e.received_us)).isoformat(sep=" ")
    return f"{ref}  {when}  {e.direction.name.lower():3}  {e.conn}  {e.mn or '-'}  {e.verdict or '-'}\n    {text}\n"


def texts(manifest: Mapping[str, Any], counts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Both summaries by file name."""
    signed = manifest["statements"]
    told = {
        "about": "\n".join(f"  {key}: {value}" for key, value in manifest["about"].items()),
        "mns": ", ".join(manifest["mns"]) if manifest["mns"] is not None else "*",
        "frames": manifest["files"]["frames.jsonl"]["lines"],
        "verdicts": ", ".join(f"{word} {n}" for word, n in sorted(manifest["verdicts"].items())) or "-",
        "blocks": manifest["files"]["blocks.jsonl"]["lines"],
        "heads": "\n".join(f"  {name}: {head}" for name, head in manifest["heads"].items()) or "  -",
        "checkpoints": f"{signed['first']}–{signed['last']}" if signed["first"] else "-",
        "keys": "\n".join(f"  {key}" for key in signed.get("keys", ())) or "  -",
        "stamps": ", ".join(map(str, signed["stamped"])) or "-",
        "intervals": len({(line["checkpoint"], line["gateway"]) for line in counts}),
        "open": len({(line["checkpoint"], line["gateway"]) for line in counts if "why" in line}),
        **{key: _beijing(manifest[key]) for key in ("made_at", "from", "to")},
    }
    if told["about"]:
        told["about"] = f"{told['about']}\n"
    return {ZH: _ZH.format(**told), EN: _EN.format(**told)}


def _beijing(text: str) -> str:
    return f"{beijing(datetime.fromisoformat(text)):%Y-%m-%d %H:%M:%S}"


_ZH = """明察 证据包

{about}  MN：{mns}（*表示全部站点）
  接收时间：{from} 至 {to}（不含；均为北京时间）
  制作时间：{made_at}

内容
  报文 {frames} 条（{verdicts}），所在及其间的块 {blocks} 个
  链头：
{heads}
  签名检查点：{checkpoints}；有时间戳的：{stamps}
  签名公钥：
{keys}
  逐站点签名计数的区间：{intervals} 个，其中因到期清除而无法核对的：{open} 个

本包能证明
  1. 每条报文逐字节就是档案中该位置的内容：收发时间、连接、MN、当时的判定与原始字节都在哈希之内。
  2. 各块首尾相接，没有增删、调换。
  3. 有签名检查点时：持有上述公钥对应私钥的一方在检查点时刻对链头作了签名；有时间戳时：该内容不晚于时间戳时刻存在。
  4. 完整性：在有签名计数的区间内，该站点的报文一条不少（没有报文时，证明确实没有）。包内为整个检查点区间，
     不在所要时段内的报文标为 in_span=false。

本包不能证明
  1. 现场仪器所测与报文所载一致；报文由谁产生（密码与连接只作记录）。
  2. 未到达本平台的报文；以其他MN发送的报文。
  3. 最后一个检查点之后的块的完整性；检查点签名之前、由掌握私钥者所作的改动（间隔越短越好，时间戳可限定）。
  4. 公钥属于谁：请用另行取得的公钥核对（--key）。

核验
  python verify_journal.py 本包.zip --key 公钥   （只需Python、zstandard；签名另需cryptography）
  脚本请以另行取得者为准；字节格式见 FORMAT.md，任何人可据此自行编写核验程序。
  时间戳：openssl ts -verify -digest <检查点行的SHA-256> -in stamps/<编号>.tsr -CAfile <时间戳机构根证书>
  listing.txt 中的密码已遮盖；frames.jsonl 保存原始字节（含密码），请妥善保管。
"""

_EN = """mingcha evidence package

{about}  MN: {mns} (* = all stations)
  received: {from} to {to} (not included; Beijing time)
  made: {made_at}

Contents
  {frames} frames ({verdicts}); {blocks} blocks in which they stand and between
  chain heads:
{heads}
  signed checkpoints: {checkpoints}; with time stamp: {stamps}
  public keys:
{keys}
  intervals with a signed count for each station: {intervals}, of which cannot be compared because of retention: {open}

What it proves
  1. Every frame is byte for byte what stands at its place in the journal: time, connection, MN, verdict of the time
     and raw bytes are all inside the hash.
  2. The blocks follow each other; none was added, removed or moved.
  3. With checkpoints: who holds the private key of the keys above signed the chain heads at that time. With a time
     stamp: all of it existed at the time of the stamp at the latest.
  4. Completeness: in intervals with a signed count not one frame of the stations is missing (where there was none,
     that there was none). Whole intervals are inside; frames outside the span asked for say in_span=false.

What it does not prove
  1. That a frame says what the instrument measured, or who made it (password and connection are only recorded).
  2. Anything about frames that never reached this platform, or came under another MN.
  3. That blocks after the last checkpoint are all there; or that the holder of the key changed nothing before it was
     signed (short intervals help, a time stamp limits it).
  4. Whose the public key is: compare with one got by another way (--key).

How to check
  python verify_journal.py PACKAGE.zip --key PUBLIC_KEY   (Python and zstandard; signatures also need cryptography)
  Take the script from elsewhere if in doubt; FORMAT.md lays down every byte, so anybody can write another.
  Time stamps: openssl ts -verify -digest <SHA-256 of the statement's line> -in stamps/<number>.tsr -CAfile <roots>
  Passwords are hidden in listing.txt; frames.jsonl keeps the bytes as received, passwords included: keep it safe.
"""
