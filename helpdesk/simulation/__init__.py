"""Generated traffic of a small Nordic service team.

`traffic` works out what happens, from a seed and without a database; `live` does it through the verbs that real
traffic takes; `bulk` writes the same rows at once; `world` is the desk at which it happens; `demo` is a first start.
"""
