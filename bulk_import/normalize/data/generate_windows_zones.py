"""Make ``windows_zones.json``: Windows zone ids and Outlook's display names -> IANA zones.

    python -m bulk_import.normalize.data.generate_windows_zones      (needs the dev group)

Sources: CLDR's windowsZones (through babel) for the ids; the city lists that Windows shows stand
in ``windows_display.tsv``, one a line: display name without the offset, tab, Windows id.
"""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Write the data file."""
    from babel.core import get_global

    zones = {name.lower(): zone for name, zone in get_global("windows_zone_mapping").items()}
    for line in (HERE / "windows_display.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            shown, windows_id = line.split("\t")
            zones[shown.lower()] = zones[windows_id.lower()]
    path = HERE / "windows_zones.json"
    path.write_text(
        json.dumps(dict(sorted(zones.items())), indent=0, ensure_ascii=False) + "\n", "utf-8"
    )
    print(f"{len(zones)} names -> {path.name}")


if __name__ == "__main__":
    main()
