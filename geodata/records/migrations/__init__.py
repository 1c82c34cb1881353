"""How a database gets its tables, step by step and back. `geodata.records.database.upgrade` runs them."""
