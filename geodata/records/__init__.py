"""The programme's own records: events appended, states computed, who wrote what and when.

Where things are:
- ``models``: the tables. ``migrations``: how a database gets them. ``database``: opening one, its transactions.
- ``roles``: who may do what. ``accounts``: who is who. ``writes``: the two ways in which a row is written.
- ``events``: sensitisation events and notes. ``queries``: states of links, now and on a past day.
- ``support``, ``local``, ``organisations``, ``persons``: the other records. ``audit``: the history.
- ``demo``: synthetic records for a database of their own.

Every function that reads or writes takes the engine and an `Actor`, and checks what that actor may do.
"""
