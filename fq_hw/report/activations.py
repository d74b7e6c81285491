"""A tensor as a picture: its channels side by side; a lone value has its number too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Sheet", "save"]

TILE = 96  # pixels that a channel has at least, where it is smaller
GAP, EDGE, LINE = 4, 12, 18  # pixels between channels, around them, of a line of text
ACROSS = 12  # channels in a row, unless the tensor says otherwise
WIDEST = 2_400  # pixels of a sheet, where its channels are small enough
PAPER, INK = (250, 250, 248), (40, 40, 40)
LOW, ZERO, HIGH = np.array([[33, 102, 172], [247, 247, 247], [178, 24, 43]])  # blue, white, red


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What to draw: ``values`` H,W,C, a title, and in which range they are shown.

    signed  zero is white, lower is blue, higher is red; else low is black and high is white
    low, high  the values at the ends of the colours
    across  channels in a row; None for a square of them
    picture  whether the three channels are colours, to be shown together first
    """

    title: str
    values: np.ndarray
    signed: bool
    low: int
    high: int
    across: int | None = None
    picture: bool = False

    def colours(self) -> np.ndarray:
        """H,W,C,3 of uint8."""
        if not self.signed:
            span = max(self.high - self.low, 1)
            grey = np.rint((self.values - self.low) * (255 / span)).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=-1)
        part = (self.values / max(-self.low, self.high, 1))[..., None]
        ends = np.where(part < 0, LOW, HIGH)
        return np.rint(ZERO + (ends - ZERO) * np.abs(part)).astype(np.uint8)

    def tiles(self) -> list[tuple[str, np.ndarray]]:
        """Pictures H,W,3 of uint8, each with what stands above it."""
        colours = self.colours()
        channels = [(f"{n}", colours[:, :, n]) for n in range(colours.shape[2])]
        return [("picture", self.values), *channels] if self.picture else channels

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        if self.across is not None:
            return self.across
        return min(math.ceil(math.sqrt(len(self.tiles()))), ACROSS)


def save(path: Path, sheet: Sheet) -> None:
    """Draw ``sheet`` as a PNG; the same values give the same bytes."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = sheet.values.shape[:2]
    tiles = sheet.tiles()
    factor = max(TILE // max(height, width), 1)
    columns = max(min(sheet.columns, (WIDEST - 2 * EDGE) // (factor * width + GAP)), 1)
    rows = math.ceil(len(tiles) / columns)
    across, down = factor * width + GAP, factor * height + GAP + LINE
    font = ImageFont.load_default(12)
    told = f"{sheet.low:,} to {sheet.high:,}, " + (
        "below 0 blue, above 0 red" if sheet.signed else "black to white"
    )
    room = max(columns * across, *(math.ceil(font.getlength(t)) for t in (sheet.title, told)))
    size = (room + 2 * EDGE, rows * down + 2 * LINE + 2 * EDGE)
    picture = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((EDGE, EDGE), sheet.title, INK, font)
    draw.text((EDGE, EDGE + LINE), told, INK, font)
    for number, (name, shown) in enumerate(tiles):
        x, y = EDGE + number % columns * across, 2 * LINE + EDGE + number // columns * down
        draw.text((x, y + 2), name, INK, font)
        tile = Image.fromarray(np.ascontiguousarray(shown))
        tile = tile.resize((factor * width, factor * height), Image.Resampling.NEAREST)
        picture.paste(tile, (x, y + LINE))
        if height == width == 1:  # there is room for the number
            ink = INK if shown.mean() > 128 else PAPER
            place = (x + factor // 2, y + LINE + factor // 2)
            draw.text(place, f"{int(sheet.values[0, 0, number]):,}", ink, font, anchor="mm")
    picture.save(path, optimize=True)
