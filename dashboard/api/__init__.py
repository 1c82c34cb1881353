"""The API beside the pages, in the same server: OGC API – Features, files under stable addresses, codes for web maps.

`dashboard.api.app` answers. Everything that it tells is made by what makes the pages and the exports: rows by
`geodata.export`, selections by `geodata.selection`, records by `dashboard.records`.
"""
