"""Logs of other systems, in and checked.

readers.py     a folder or .zip → lines            columns.py, rows.py   PURE: is a field, a row, right?
spec.py        what a file is; the registry        files.py              the desk's files
staging.py     temporary tables; what needs all rows at once: duplicates, references
lookups.py, customers.py   what a log names in passing is made
upsert.py, cases.py, contacts.py, ledgers.py       staged rows → tables
intake.py      the order of it all, for files and for rows that come one by one
load.py        the whole import of a bundle        config.py             config.json → agreement and calendar
quarantine.py  the rows that could not be right
"""
