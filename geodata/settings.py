"""Names of the environment variables that the command and the server share. A leaf: imports nothing of ours."""

DEMONSTRATION_VARIABLE = "MOSAICOS_DEMONSTRATION"
"""``1``: the demonstration records are shown."""
PROXIES_VARIABLE = "MOSAICOS_TRUSTED_PROXIES"
"""Addresses and networks of the proxies that may say who the client is, separated by commas; empty by default."""
