"""What the project knows: vocabularies, published tables, exports."""
