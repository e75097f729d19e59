"""One run, station by station: open the sources, judge every row, confirm, send, report."""
