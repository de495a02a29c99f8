"""The mechanisms around the table, each a small model of its own literature: licences and detours, endurance with
private stocks, commitment and coercion, two-level politics, coalitions.

Functions of numbers and arrays and frozen results; they know no scenario. ``standoff`` and ``talks`` call them, so that
there is one copy of each formula.
"""
