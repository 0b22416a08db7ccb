"""The monthly report of a client company: its figures frozen as data, and from them a document, a workbook and a table.

`figures` asks the engine, `findings` says in sentences what stands out, `document` and `workbook` lay out what was frozen,
`differences` compares two versions, `making` does all of it with progress, `sending` puts it into the outbox.
"""
