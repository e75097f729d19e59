"""Any spreadsheet of contacts into InfluencerSoft / JustClick through ``addupdatelead``."""

__version__ = "0.1.0"
