"""Made-up photos: a drawn house, never a real one."""

from __future__ import annotations

import io

import numpy as np

_WIDTH, _HEIGHT = 1024, 768


def photo_of_a_house(seed: int) -> bytes:
    """A JPEG of 1024 by 768 pixels, the same for the same seed; every other one lies on its side, as phones keep them,
    and says so in its EXIF."""
    from PIL import Image, ImageDraw

    generator = np.random.default_rng(seed)
    wall, roof, sky = (tuple(int(one) for one in generator.integers(low, 256, 3)) for low in (150, 60, 190))
    image = Image.new("RGB", (_WIDTH, _HEIGHT), sky)
    draw = ImageDraw.Draw(image)
    left, right = int(generator.integers(120, 260)), int(generator.integers(760, 900))
    eaves, ground = int(generator.integers(300, 400)), 640
    draw.rectangle((0, ground, _WIDTH, _HEIGHT), fill=(110, 140, 80))
    draw.rectangle((left, eaves, right, ground), fill=wall)
    draw.polygon([(left - 50, eaves), (right + 50, eaves), ((left + right) // 2, eaves - 180)], fill=roof)
    door = int(generator.integers(left + 60, right - 160))
    draw.rectangle((door, ground - 200, door + 100, ground), fill=(90, 60, 40))
    exif = image.getexif()
    exif[0x0110] = "sandbox"
    if generator.random() < 0.5:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6  # to be turned a quarter clockwise
    written = io.BytesIO()
    image.save(written, "JPEG", quality=80, exif=exif)
    return written.getvalue()
