"""Headers of an answer whose records are older than they should be, or cannot be written."""

from __future__ import annotations

import datetime as dt

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from dashboard import records

STALE = '110 - "The database does not answer; the records are those that were read last"'
READ_ONLY = '199 - "A newer version of the program has changed the database; it is only read here"'


def with_age(send: Send) -> Send:
    """Send an answer of the API with what is to be said of the age of its records: ``Age`` in seconds, ``Warning``."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            since = records.late_since()
            if since is not None and message["status"] < 400:
                headers["Age"] = str(max(0, int((dt.datetime.now(dt.UTC) - since).total_seconds())))
                headers["Cache-Control"] = "no-cache"
                headers.append("Warning", STALE)
            if records.is_read_only():
                headers.append("Warning", READ_ONLY)
        await send(message)

    return sent
