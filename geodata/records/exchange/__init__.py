"""Records out to spreadsheets and forms, and back in without losing a line.

`kinds` says what a file of each kind of record holds; `reading`, `values` and `names` turn what people bring into
values; `plan` compares them with what stands; `applying` writes what was agreed, and takes it back; `sheets` writes the
files.
"""
