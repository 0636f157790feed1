# SPDX-License-Identifier: GPL-2.0-or-later
"""A bar chart in SVG."""

BAR = 22
GAP = 12
LEFT = 190
WIDTH = 460


def write_chart(path, title, bars):
    """Writes a chart of (label, value) bars."""
    longest = max(value for _, value in bars)
    height = 50 + len(bars) * (BAR + GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="24" font-size="15" font-weight="bold">{title}</text>',
    ]
    for i, (label, value) in enumerate(bars):
        y = 42 + i * (BAR + GAP)
        length = WIDTH * value / longest
        colour = "#c0392b" if "mod-mxpreset" in label else "#7f8c8d"
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{label}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LEFT + length + 6:.0f}" y="{y + 16}">{value:,.0f}</text>',
        ]
    path.write_text("\n".join(lines + ["</svg>"]) + "\n")
