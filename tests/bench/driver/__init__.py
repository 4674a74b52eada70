"""Measures Limpet beside its peers: see ../README.md."""
