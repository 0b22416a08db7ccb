"""Take staged rows into a table, set by set: the new ones inserted, the changed ones updated, the others left alone.

An unchanged row is not even locked: importing a year again to add a day must not rewrite the year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tickets.bundle.spec import FileSpec
from tickets.bundle.staging import Stage


@dataclass(frozen=True)
class Field:
    """One column of the table.

    Attributes:
        name: In the database.
        value: SQL over the staged row `s` and the joins.
        columns: The columns of the file that it comes from. Where the file has none of them, what is stored stays.
        once: Written when the row is made and never again.
    """

    name: str
    value: str
    columns: tuple[str, ...] = ()
    once: bool = False


@dataclass(frozen=True)
class Upsert:
    spec: FileSpec
    fields: tuple[Field, ...]
    joins: str = ""

    def run(self, stage: Stage) -> None:
        """Take all staged rows of the file in, in one transaction that the caller has opened."""
        known = self.find_known(stage)
        for low, high in stage.chunks(self.spec.name):
            stage.run(self._insert(), low=low, high=high)
            if known:
                stage.run(self._update(stage), low=low, high=high)

    def find_known(self, stage: Stage) -> int:
        """Give the staged rows that are in the table already their keys there. Return how many they are."""
        spec = self.spec
        known = stage.run(
            f"UPDATE {spec.stage} s SET id = t.{spec.table_key}, is_new = false FROM {spec.table} t"
            f" WHERE t.source_id = %(source)s AND t.external_id = s.{spec.key[0]}"
        )
        if known:
            # Else the planner believes that all are new, and compares them one by one.
            stage.run(f"ANALYZE {spec.stage}")
        return known

    def _insert(self) -> str:
        spec = self.spec
        names = ", ".join(field.name for field in self.fields)
        values = ", ".join(field.value for field in self.fields)
        return f"""
            WITH made AS (
                INSERT INTO {spec.table} ({spec.table_key}, source_id, external_id, {names})
                SELECT s.id, %(source)s, s.{spec.key[0]}, {values}
                FROM {spec.stage} s {self.joins}
                WHERE s.is_new AND s.line >= %(low)s AND s.line < %(high)s
                ORDER BY s.line
                RETURNING {spec.table_key} AS id
            )
            INSERT INTO stage_done (file, line, id, is_new)
            SELECT '{spec.name}', s.line, s.id, true FROM made JOIN {spec.stage} s ON s.id = made.id
            WHERE s.line >= %(low)s AND s.line < %(high)s
        """

    def _update(self, stage: Stage) -> str:
        spec = self.spec
        fields = list(self._present(stage))
        return f"""
            WITH changed AS (
                UPDATE {spec.table} t SET {", ".join(f"{field.name} = n.{field.name}" for field in fields)}
                FROM (
                    SELECT s.line, s.id AS stage_id, {", ".join(f"{field.value} AS {field.name}" for field in fields)}
                    FROM {spec.stage} s {self.joins}
                    WHERE NOT s.is_new AND s.line >= %(low)s AND s.line < %(high)s
                ) n
                WHERE t.{spec.table_key} = n.stage_id
                    AND ({", ".join(f"t.{field.name}" for field in fields)})
                        IS DISTINCT FROM ({", ".join(f"n.{field.name}" for field in fields)})
                RETURNING n.line, n.stage_id
            )
            INSERT INTO stage_done (file, line, id, is_new) SELECT '{spec.name}', line, stage_id, false FROM changed
        """

    def _present(self, stage: Stage) -> Iterator[Field]:
        present = stage.present.get(self.spec.name, set())
        for field in self.fields:
            if not field.once and (not field.columns or present.intersection(field.columns)):
                yield field
