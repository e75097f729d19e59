"""Make ``top_level_domains.txt`` and ``disposable_domains.txt``, a name on each line.

    python -m bulk_import.normalize.data.generate_domains FOLDER

FOLDER holds the unpacked npm package ``tlds`` (IANA's list of top-level domains; MIT) and the Python
package ``disposable_email_domains`` (the community's list of hosts of throw-away addresses; MIT).
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    folder = Path(sys.argv[1])
    tops = json.loads((folder / "tlds" / "index.json").read_text("utf-8"))
    ascii_forms = {
        top if top.isascii() else f"xn--{top.encode('punycode').decode()}" for top in tops
    }
    _write("top_level_domains.txt", {*tops, *ascii_forms})
    source = folder / "disposable_email_domains" / "__init__.py"
    spec = importlib.util.spec_from_file_location("disposable", source)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _write("disposable_domains.txt", set(module.blocklist))


def _write(name: str, lines: set[str]) -> None:
    (HERE / name).write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8")
    print(f"{len(lines)} -> {name}")


if __name__ == "__main__":
    main()
