"""How often a process that serves pages looks for garbage that only a search finds: rows that refer to one another in a ring."""

import gc

# An answer with thousands of figures makes some fifty thousand small things, which all go by themselves. By Python's own
# number they would be looked through two dozen times while they are made.
YOUNG, MIDDLE, OLD = 50_000, 20, 50


def settle() -> None:
    """Leave out what is loaded, which stays, and look less often. To be called when all is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
