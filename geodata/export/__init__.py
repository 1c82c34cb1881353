"""Exports for partners."""
