"""XLSX and XLSM workbooks: the parts of the package, the sheet, its rows and their texts."""
