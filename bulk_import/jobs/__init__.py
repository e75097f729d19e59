"""What a person asks for, one module each: import, check, explain, a night, a re-tag, an undo."""
