"""Other programs that move data, with this importer as where the data goes."""
