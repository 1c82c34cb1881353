"""The programme's own records: events appended, states computed, who wrote what and when.

Where things are:
- What there is: ``schema`` (each kind of record and its fields), ``models`` (the tables), ``migrations`` (how a
  database gets them), ``seeds`` (rows that are there from the start), ``published`` (what the bundle says of ids).
- The database: ``database`` (opening it, transactions), ``frames`` (rows of a query as a table), ``health``,
  ``checking`` and ``keeping`` (whether it is whole and stays so), ``private`` (who can read its files).
- Who may do what: ``roles``, ``accounts``, ``tokens`` (of programs), ``server_token`` (of the local administrator).
- Writing and reading: ``writes`` (the two ways in which a row is written), ``events`` (sensitisation), ``support``
  (needs and missions), ``register`` (what is entered and changed in place), ``local`` (what the sources lack),
  ``boundary`` and ``boundary_reader`` (polygons from files), ``persons`` (apart from all else).
- What is read of them: ``queries`` (states of links, now and on a past day), ``snapshots`` (all that one audience sees
  on a day), ``agenda``, ``audit`` (the history), ``typed_texts`` and ``remains`` (what may name a person, and its end).
- In and out: ``exchange`` (spreadsheets and field forms), ``archive`` and ``restoring`` (backup, open files), ``demo``
  (synthetic records, in a database of their own).
- ``errors``: what can go wrong.

Every function that reads or writes takes the engine and an `Actor`, and checks what that actor may do.
"""
