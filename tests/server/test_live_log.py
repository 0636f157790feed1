# SPDX-License-Identifier: GPL-2.0-or-later
"""What is logged of maps that change."""

from knot import zone_text
from mapstates import (  # noqa: F401  (two are fixtures)
    LOADED, REFUSED, ZONE, States, cut_off, deleted, empty, folder_instead,
    freed_memory_is_overwritten, garbage, live, served, with_error)


def test_one_line_for_each_state(live):  # noqa: F811
    server, states = live()
    other = States(server.path / "other.zone")
    other.switch()
    server.instances["other"] = {"builtin": "house", "map-file": other.path}
    server.zones["other.example"] = zone_text()
    server.modules["other.example"] = "mod-mxpreset/other"
    server.write_zone("other.example", zone_text())
    server.reload()

    def lines(pattern, path):
        return len(server.log_lines(f"{pattern}.*{path}:"))

    for number in range(2, 22):
        states.switch()
        server.wait_log(LOADED + f".*{states.path}:", number)
        assert server.mx(ZONE) == served(states.last)
        assert lines(LOADED, states.path) == number
    assert server.log_lines(LOADED + f".*{states.path}: 21 presets, 22 records, version [0-9a-f]{{8}}$")

    loads = lines(LOADED, states.path)
    for number, spoil in enumerate([with_error, cut_off, empty, garbage, deleted,
                                    folder_instead], 1):
        spoil(states.path, states.bad())
        server.wait_log(REFUSED, number)
        # The files are looked at together.
        for _ in range(3):
            other.switch()
            other.wait(server, "other.example")
        server.reload()
        assert lines(REFUSED, states.path) == len(server.log_lines(REFUSED)) == number
        assert server.mx(ZONE) == served(states.last)
    assert lines(LOADED, states.path) == loads
