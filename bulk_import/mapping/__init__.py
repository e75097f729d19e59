"""YAML -> ColumnMapping; ColumnMapping + header -> RowMapper; Row -> Record."""
