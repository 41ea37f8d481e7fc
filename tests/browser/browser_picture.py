"""Pictures: a photo a camera could have taken, and screenshots made small enough to keep in the repository."""

import base64
import random
import struct
import zlib

from playwright.sync_api import Page

# Pixels of a picture as numbers into its 256 most frequent colours; the few others take the nearest of them.
INDEXED = """async data => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), g = canvas.getContext('2d');
  g.drawImage(image, 0, 0);
  const p = new Uint32Array(g.getImageData(0, 0, image.width, image.height).data.buffer), count = new Map();
  for (const c of p) count.set(c, (count.get(c) ?? 0) + 1);
  const kept = [...count].sort((a, b) => b[1] - a[1]).slice(0, 256).map(row => row[0]), at = new Map(kept.map((c, i) => [c, i]));
  const far = (a, b) => [0, 8, 16].reduce((sum, s) => sum + ((a >> s & 255) - (b >> s & 255)) ** 2, 0);
  const nearest = c => kept.reduce((best, k, i) => far(c, k) < far(c, kept[best]) ? i : best, 0);
  for (const c of count.keys()) if (!at.has(c)) at.set(c, nearest(c));
  let text = '';
  for (let i = 0; i < p.length; i += 8192) text += String.fromCharCode(...Array.from(p.subarray(i, i + 8192), c => at.get(c)));
  return { width: image.width, height: image.height, pixels: btoa(text), colours: kept.flatMap(c => [c & 255, c >> 8 & 255, c >> 16 & 255]) };
}"""


def photo(seed: int, width: int = 320, height: int = 240) -> bytes:
    """A PNG with noise of its own."""
    noise = random.Random(seed)
    shade = [noise.randrange(60, 190) for _ in range(8)]
    rows = b"".join(
        b"\0" + bytes(min(255, shade[(x * 4 // width) + 4 * (y * 2 // height)] + (x ^ y) % 24) for x in range(width))
        for y in range(height)
    )  # fmt: skip
    return _png(width, height, 0, rows)


def smaller(screenshot: bytes, blank: Page) -> bytes:
    """The same picture with 256 colours, about half the size. ``blank``: any page that may draw."""
    found = blank.evaluate(INDEXED, base64.b64encode(screenshot).decode())
    width, pixels = found["width"], base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    return _png(width, found["height"], 3, rows, bytes(found["colours"]))


def _png(width: int, height: int, kind: int, rows: bytes, palette: bytes = b"") -> bytes:
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))]
    parts += [(b"PLTE", palette)] if palette else []
    parts += [(b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
