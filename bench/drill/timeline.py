"""What happened on one time line, as SVG: requests, failures, capacity, a metric with its threshold, alarms, activities."""
import html

WIDTH, LEFT, RIGHT, GAP = 1200, 150, 20, 14
INK, PALE, GOOD, BAD, WARM = "#1f2933", "#d9e2ec", "#2f7d5b", "#c62f2f", "#b7791f"


class Picture:
    """Lanes one below the other over `end` seconds."""

    def __init__(self, title, end):
        self.end = max(end, 1)
        self.height = 40
        self.parts = [f'<text x="{LEFT}" y="24" font-size="17" font-weight="600">{html.escape(title)}</text>']

    def x(self, seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(seconds, 0), self.end) / self.end

    def line(self, points, color, width=1.5, dash=""):
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        more = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<polyline points="{text}" fill="none" stroke="{color}" stroke-width="{width}"{more}/>')

    def text(self, x, y, words, size=11, anchor="start", color=INK):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{color}">'
                          f'{html.escape(words)}</text>')

    def lane(self, name, height, top=None):
        """A frame; returns what maps a value to its height in it."""
        y = self.height
        self.parts.append(f'<rect x="{LEFT}" y="{y}" width="{WIDTH - LEFT - RIGHT}" height="{height}" fill="#fff" '
                          f'stroke="{PALE}"/>')
        for number, words in enumerate(name.split("\n")):
            self.text(LEFT - 10, y + 14 + 13 * number, words, anchor="end")
        if top:
            self.text(LEFT - 10, y + height, f"0 to {top:g}", size=10, anchor="end", color="#627d98")
        self.height += height + GAP
        return lambda value: y + height - (height - 4) * min(value, top or 1) / (top or 1)

    def bars(self, name, values, color, height=60):
        """`values` is second → number."""
        top = max([1, *values.values()])
        at = self.lane(name, height, top)
        width = max((WIDTH - LEFT - RIGHT) / self.end, 0.6)
        for second, value in values.items():
            if value:
                self.parts.append(f'<rect x="{self.x(second):.1f}" y="{at(value):.1f}" width="{width:.2f}" '
                                  f'height="{at(0) - at(value):.1f}" fill="{color}"/>')

    def steps(self, name, curves, height=80, threshold=None):
        """`curves` is label → (color, [(second, value)]), each value lasting until the next."""
        top = max([1, threshold or 0, *(value for _, points in curves.values() for _, value in points)]) * 1.05
        at = self.lane(name, height, round(top, 1))
        if threshold is not None:
            self.line([(self.x(0), at(threshold)), (self.x(self.end), at(threshold))], BAD, 1, "4 3")
        for number, (label, (color, points)) in enumerate(curves.items()):
            drawn, last = [], None
            for second, value in [*points, (self.end, points[-1][1])] if points else []:
                if last is not None:
                    drawn.append((self.x(second), at(last)))
                drawn.append((self.x(second), at(value)))
                last = value
            self.line(drawn, color, 2 if number == 0 else 1.3, "" if number == 0 else "5 3")
            self.text(LEFT + 6 + 120 * number, at(0) - height + 16, label, size=10, color=color)

    def bands(self, name, bands, height=26):
        """(from, to, color, words)."""
        self.lane(name, height)
        y = self.height - height - GAP
        for begin, end, color, words in bands:
            self.parts.append(f'<rect x="{self.x(begin):.1f}" y="{y + 3}" width="{max(self.x(end) - self.x(begin), 1):.1f}" '
                              f'height="{height - 6}" fill="{color}"><title>{html.escape(words)}</title></rect>')

    def marks(self, moments):
        """Vertical lines over everything, with words below."""
        rows, free = 0, []
        for second, words in sorted(moments):
            x = self.x(second)
            row = next((i for i, end in enumerate(free) if end < x), len(free))
            free[row:row + 1] = [x + 6.2 * len(words) + 12]
            rows = max(rows, row + 1)
            self.line([(x, 36), (x, self.height + 13 * row)], INK, 0.7, "2 3")
            self.text(min(x + 2, WIDTH - RIGHT - 6.2 * len(words)), self.height + 12 + 13 * row, words)
        self.height += 13 * rows + 10

    def axis(self):
        step = next(each for each in (5, 10, 30, 60, 120, 300, 600, 1800) if self.end / each <= 20 or each == 1800)
        for second in range(0, int(self.end) + 1, step):
            self.text(self.x(second), self.height, f"{second // 60}:{second % 60:02d}", size=10, anchor="middle",
                      color="#627d98")
        self.height += 18

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
                f'viewBox="0 0 {WIDTH} {self.height}" font-family="system-ui, sans-serif">\n'
                f'<rect width="100%" height="100%" fill="#f5f7fa"/>\n' + "\n".join(self.parts) + "\n</svg>\n")
