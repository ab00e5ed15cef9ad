"""Hand-written charts: only what a report needs, in small files that say what
they show. Sizes are in pixels at the picture's own width."""

import math
from xml.sax.saxutils import escape

FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
INK, FAINT, GRID = "#1f2933", "#66727f", "#e3e8ee"
OTHERS = "#a9b7c4"
WIDTH = 760
LABELS = 232  # left of the bars
RIGHT = 70
TOP = 66
BAR, GAP, BETWEEN = 17, 3, 13
PLOT_HEIGHT = 250


class Picture:
    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def rect(self, x, y, width, height, fill, radius=2):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
            f'height="{height:.1f}" rx="{radius}" fill="{fill}"/>')

    def line(self, points, color, width=1.0, dash=None):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" '
            f'stroke-width="{width}"{dashes}/>')

    def dot(self, x, y, color, radius=4.0):
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" '
            f'fill="{color}"/>')

    def text(self, x, y, text, size=12.5, color=INK, anchor="start",
             weight="normal", turn=None):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn \
            else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'fill="{color}" text-anchor="{anchor}" '
            f'font-weight="{weight}"{turned}>{escape(text)}</text>')

    def heading(self, under):
        self.text(18, 27, self.title, 16, weight="600")
        self.text(18, 46, under, 12, FAINT)

    def source(self):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" '
            f'font-family="{escape(FONT)}">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{self.width}" height="{self.height}" '
            'fill="#ffffff"/>',
            *self.parts, "</svg>", ""])


def number(value):
    """12,345 or 12.3 or 0.12: three significant digits."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def ticks(most):
    """About five round numbers from 0 to at least most."""
    step = 10 ** math.floor(math.log10(most / 5)) if most > 0 else 1
    for factor in (1, 2, 5, 10):
        if most / (step * factor) <= 6:
            step *= factor
            break
    count = math.ceil(most / step - 1e-9)
    return [step * i for i in range(count + 1)]


class Linear:
    def __init__(self, most, start, end):
        self.marks = ticks(most)
        self.start, self.scale = start, (end - start) / self.marks[-1]

    def at(self, value):
        return self.start + value * self.scale


class Log:
    """From the power of ten below least to the one above most."""

    def __init__(self, least, most, start, end):
        low = math.floor(math.log10(least) + 1e-9)
        high = max(math.ceil(math.log10(most) - 1e-9), low + 1)
        self.marks = [10.0 ** i for i in range(low, high + 1)]
        self.low, self.start = low, start
        self.scale = (end - start) / (high - low)

    def at(self, value):
        low = 10.0 ** self.low
        return self.start + (
            math.log10(max(value, low)) - self.low) * self.scale


def legend(picture, names, colors, x, y):
    for name, color in zip(names, colors):
        picture.rect(x, y - 10, 12, 12, color)
        picture.text(x + 17, y, name, 12, FAINT)
        x += 17 + 7.0 * len(name) + 18


def bars(title, under, unit, groups, series, log=False, limit=None,
         ours=None):
    """groups: (label, [(value, least, most) or None per series]). series:
    (name, color). limit: (value, text), a dashed line. ours: the label of the
    group that stands out; if there is one series, only this group has its
    color."""
    count = len(series)
    row = count * BAR + (count - 1) * GAP + BETWEEN
    top = TOP + (22 if count > 1 else 0)
    height = top + len(groups) * row + 46
    picture = Picture(WIDTH, height, title)
    picture.heading(under)
    if count > 1:
        legend(picture, *zip(*series), LABELS, TOP + 4)
    known = [v for _, values in groups for v in values if v]
    most = max([v[2] for v in known] + ([limit[0]] if limit else []))
    least = min(v[1] for v in known)
    axis = Log(least / 2, most, LABELS, WIDTH - RIGHT) if log else Linear(
        most, LABELS, WIDTH - RIGHT)
    bottom = top + len(groups) * row
    for mark in axis.marks:
        x = axis.at(mark)
        picture.line([(x, top - 4), (x, bottom)], GRID)
        picture.text(x, bottom + 16, number(mark), 11, FAINT, "middle")
    picture.text((LABELS + WIDTH - RIGHT) / 2, bottom + 36, unit, 12, FAINT,
                 "middle")
    for i, (label, values) in enumerate(groups):
        y = top + i * row + BETWEEN / 2
        middle = y + (count * (BAR + GAP) - GAP) / 2
        picture.text(LABELS - 12, middle + 4, label, 12.5, INK, "end",
                     "600" if label == ours else "normal")
        for (_, color), value in zip(series, values):
            if count == 1 and ours and label != ours:
                color = OTHERS
            if value:
                bar(picture, axis, y, value, color)
            y += BAR + GAP
    if limit:
        x = axis.at(limit[0])
        picture.line([(x, top - 8), (x, bottom)], "#c92a2a", 1.4, "5 4")
        picture.text(x, top - 12, limit[1], 11, "#c92a2a", "middle")
    return picture.source()


def bar(picture, axis, y, value, color):
    middle, least, most = value
    picture.rect(axis.start, y, axis.at(middle) - axis.start, BAR, color)
    end = axis.at(middle)
    if most > least:
        a, b, line = axis.at(least), axis.at(most), y + BAR / 2
        picture.line([(a, line), (b, line)], INK, 1.2)
        for x in (a, b):
            picture.line([(x, line - 4), (x, line + 4)], INK, 1.2)
        end = max(end, b)
    picture.text(end + 6, y + BAR - 4.5, number(middle), 11.5)


def lines(title, under, panels, unit, log=False):
    """panels: (heading, x unit, [(name, color, [(x, y)])]), side by side; the
    x axis is logarithmic."""
    height = TOP + 52 + PLOT_HEIGHT + 52
    picture = Picture(WIDTH, height, title)
    picture.heading(under)
    first = panels[0][2]
    legend(picture, [s[0] for s in first], [s[1] for s in first], 66,
           TOP + 6)
    known = [y for _, _, series in panels for s in series for _, y in s[2]]
    top, bottom = TOP + 52, TOP + 52 + PLOT_HEIGHT
    width = (WIDTH - 66 - 20 - 44 * (len(panels) - 1)) / len(panels)
    for i, (heading, below, series) in enumerate(panels):
        left = 66 + i * (width + 44)
        xs = [x for s in series for x, _ in s[2]]
        across = Log(min(xs), max(xs), left, left + width)
        up = Log(min(known), max(known), bottom, top) if log else Linear(
            max(known), bottom, top)
        for mark in up.marks:
            y = up.at(mark)
            picture.line([(left, y), (left + width, y)], GRID)
            if i == 0:
                picture.text(left - 8, y + 4, number(mark), 11, FAINT, "end")
        for mark in across.marks:
            x = across.at(mark)
            picture.line([(x, bottom), (x, bottom + 4)], FAINT)
            picture.text(x, bottom + 18, power(mark), 11, FAINT, "middle")
        picture.text(left + width / 2, top - 12, heading, 12.5, INK,
                     "middle", "600")
        picture.text(left + width / 2, bottom + 40, below, 12, FAINT,
                     "middle")
        for _, color, points in series:
            at = [(across.at(x), up.at(y)) for x, y in points]
            picture.line(at, color, 2)
            for x, y in at:
                picture.dot(x, y, color)
    picture.text(18, (top + bottom) / 2, unit, 12, FAINT, "middle", turn=-90)
    return picture.source()


def power(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
