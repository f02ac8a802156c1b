# SPDX-License-Identifier: Apache-2.0
"""Line charts as SVG: panels one below the other that share a logarithmic x axis. Needs nothing but Python."""

import html
import math

WIDTH = 880
PANEL_HEIGHT = 210
GAP = 46
LEFT, RIGHT, TOP, BOTTOM = 92, 28, 84, 62
INK, FAINT, GRID = "#1f2933", "#616e7c", "#e4e7eb"
COLOURS = ("#0967d2", "#c65d21", "#147d64", "#8719e0")
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


def short(value, unit=""):
    """20 M, 1.5 kB, 300 ns."""
    for scale, prefix in PREFIXES:
        if abs(value) >= scale and unit != "ns":  # Which has a prefix of its own.
            return f"{value / scale:.3g} {prefix}{unit}".rstrip()
    return f"{value:.4g} {unit}".rstrip()


def steps(most, about=5):
    """Round numbers from 0 to at least `most`."""
    raw = max(most, 1e-9) / about
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    return [step * i for i in range(math.ceil(most / step - 1e-9) + 1)]


def log_ticks(low, high):
    """1, 2 and 5 times powers of ten; powers alone where that would be many."""
    factors = (1, 2, 5) if high / low < 2000 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [f * 10**p for p in powers for f in factors if low * 0.999 <= f * 10**p <= high * 1.001]


class Chart:
    """`panels`: (title, unit, [(name, [(x, y)])]), drawn from zero upwards."""

    def __init__(self, title, subtitle, x_label, panels):
        self.title, self.subtitle, self.x_label, self.panels = title, subtitle, x_label, panels
        xs = [x for _, _, lines in panels for _, points in lines for x, _ in points]
        self.low, self.high = min(xs), max(xs)
        if self.low == self.high:
            self.low, self.high = self.low / 2, self.high * 2
        self.height = TOP + len(panels) * (PANEL_HEIGHT + GAP) - GAP + BOTTOM
        self.parts = []

    def x(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def text(self, x, y, words, size=12, colour=FAINT, anchor="start", more=""):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{more}>'
            f"{html.escape(words)}</text>"
        )

    def line(self, x1, y1, x2, y2, colour=GRID):
        # Half pixels: a line one pixel wide is sharp.
        x1, y1, x2, y2 = (round(v) + 0.5 for v in (x1, y1, x2, y2))
        self.parts.append(f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{colour}" fill="none"/>')

    def draw_panel(self, top, title, unit, lines):
        bottom = top + PANEL_HEIGHT
        most = max(y for _, points in lines for _, y in points)
        ticks = steps(most)

        def y_of(value):
            return bottom - value / ticks[-1] * PANEL_HEIGHT

        self.text(LEFT, top - 12, title, 13, INK, more=' font-weight="600"')
        for tick in ticks:
            self.line(LEFT, y_of(tick), WIDTH - RIGHT, y_of(tick))
            self.text(LEFT - 8, y_of(tick) + 4, short(tick, unit) if tick else "0", anchor="end")
        for tick in log_ticks(self.low, self.high):
            self.line(self.x(tick), top, self.x(tick), bottom)
        self.line(LEFT, bottom, WIDTH - RIGHT, bottom, FAINT)
        for number, (name, points) in enumerate(lines):
            colour = COLOURS[number % len(COLOURS)]
            path = "L".join(f"{self.x(x):.1f} {y_of(y):.1f}" for x, y in points)
            style = f'stroke="{colour}" stroke-width="2" fill="none" stroke-linejoin="round"'
            self.parts.append(f'<path d="M{path}" {style}/>')
            for x, y in points:
                self.parts.append(f'<circle cx="{self.x(x):.1f}" cy="{y_of(y):.1f}" r="2.5" fill="{colour}"/>')
            if len(lines) > 1:
                at = WIDTH - RIGHT - 150 * (len(lines) - 1 - number)
                self.text(at, top - 12, name, 12, colour, "end", ' font-weight="600"')

    def svg(self):
        self.parts = []
        self.text(LEFT, 30, self.title, 18, INK, more=' font-weight="700"')
        self.text(LEFT, 50, self.subtitle, 12)
        for number, panel in enumerate(self.panels):
            self.draw_panel(TOP + number * (PANEL_HEIGHT + GAP), *panel)
        bottom = self.height - BOTTOM
        for tick in log_ticks(self.low, self.high):
            self.line(self.x(tick), bottom, self.x(tick), bottom + 5, FAINT)
            self.text(self.x(tick), bottom + 20, short(tick), anchor="middle")
        self.text((LEFT + WIDTH - RIGHT) / 2, bottom + 44, self.x_label, 13, INK, "middle")
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
            f'viewBox="0 0 {WIDTH} {self.height}" font-family="system-ui, Helvetica, Arial, sans-serif">\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
        )
