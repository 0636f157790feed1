# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of figures, each beside its peer and its bar."""


def print_head(text):
    print(f"{text:<56} {'measured':>11} {'ratio':>7}  bar", flush=True)


def print_row(what, measured, ratio=None, bar=""):
    text = "" if ratio is None else f"{ratio:.3f}" if ratio >= 0.0005 else f"{ratio:.0e}"
    print(f"  {what:<54} {measured:>11} {text:>7}  {bar}".rstrip(), flush=True)


def at_most(bar, value, unit=""):
    return verdict(f"at most {bar}{unit}", value <= float(bar))


def at_least(bar, value):
    return verdict(f"at least {bar}", value >= float(bar))


def verdict(bar, holds):
    return f"{bar}: {'holds' if holds else 'does not hold'}"
