"""On the path of the processes that `benchmarks.fleet` starts, and read at their start."""

import os
import sys

if "bulk_import.cli.leashed" in sys.orig_argv:
    from benchmarks.senders import mark

    mark()
elif os.environ.get("FLEET_FORKS") and "benchmarks.forks" not in sys.orig_argv:
    from benchmarks.forks import install

    install()
