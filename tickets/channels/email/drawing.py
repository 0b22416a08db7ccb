"""The process in which a stranger's picture is drawn anew: `python -m tickets.channels.email.drawing`. It knows no Django."""

from __future__ import annotations

import io
import resource
import sys

from PIL import Image, ImageOps

# More than any camera's; a page shows less.
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 2_400
SECONDS, MEMORY = 10, 512 << 20
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def draw(content: bytes) -> bytes:
    """Return the same picture as PNG or JPEG, turned the right way up, with nothing else in it.

    Raises:
        Exception: It is no picture of a kind that pages show, or far too large a one.
    """
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses what has twice as many.
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError("too large")
        # Of a moving picture the first moment.
        picture.seek(0)
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        turned = ImageOps.exif_transpose(picture)
        turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        is_clear = turned.mode in {"RGBA", "LA", "PA"} or "transparency" in turned.info
        made = io.BytesIO()
        if is_clear or picture.format in {"PNG", "GIF"}:
            turned.convert("RGBA" if is_clear else "RGB").save(made, "PNG")
        else:
            turned.convert("RGB").save(made, "JPEG", quality=88)
    return made.getvalue()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.stdout.buffer.write(draw(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
