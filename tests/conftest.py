"""This file makes pytest put ``tests/`` on the import path, so that tests can say ``from known_games import ...``."""
