"""Work that takes long: a queue with limits, done by processes of its own, its results kept for a while.

`queue` is the table and its limits, `runner` gives jobs to processes, `forker` is the process that they come from,
`kinds` says what can be done, `service` is what pages and the API use. Why it is so: docs/decisions/013-jobs.md.
"""
