"""Hide passwords of frames that are shown or exported."""

import re

_SECRET = re.compile(rb"((?:New)?PW[ \t]*=[ \t]*|NewSK[ \t]*=[ \t]*)([^;,&\r\n]*)")


def mask(raw: bytes) -> bytes:
    """``raw`` with the values of PW, NewPW and NewSK replaced by as many ``*``; lengths and offsets stay."""
    return _SECRET.sub(lambda match: match[1] + b"*" * len(match[2]), raw)


def masked_fields(fields: dict[str, str]) -> dict[str, str]:
    """A header with its password hidden."""
    return {
        name: "*" * len(text) if name in ("PW", "NewPW", "NewSK") else text for name, text in fields.items()
    }
