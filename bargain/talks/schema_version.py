"""The version of the records that are printed for machines; ``published`` says what is in them."""

SCHEMA_VERSION = "1"
