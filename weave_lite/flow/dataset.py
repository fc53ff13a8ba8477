"""Dataset: rows that are stored once each, with versions. Rows of a stored one are read lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast, overload

from pydantic import field_validator

from weave_lite.core.errors import UsageError
from weave_lite.flow.obj import Object
from weave_lite.trace.client_context import require_client
from weave_lite.trace.table import Table
from weave_lite.trace.values.table import WeaveTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from weave_lite.trace.call import Call
    from weave_lite.trace.values.record import WeaveObject

__all__ = ["Dataset"]


class _NotSavedError(UsageError, TypeError):
    """A dataset that was never stored is given what only a stored one takes."""


class _ForeignProjectError(UsageError, ValueError):
    """A dataset is stored in another project than the active client's."""


class _RowError(UsageError, ValueError):
    """Rows are none, or not all dicts."""


class Dataset(Object):
    """Rows with a name and versions.

    Args:
        rows: A list of dicts, a data frame, a Table, or the rows of a stored dataset.

    Example:
        >>> dataset = Dataset(name="sums", rows=[{"a": 1, "b": 2}, {"a": 3, "b": 4}])
        >>> len(dataset), dataset[1]
        (2, {'a': 3, 'b': 4})
        >>> print(dataset)
        Dataset({
            features: ['a', 'b'],
            num_rows: 2
        })
    """

    rows: Table | WeaveTable

    @field_validator("rows", mode="before")
    @classmethod
    def convert_to_table(cls, rows: Any) -> Table | WeaveTable:
        """Take whatever rows can be given as.

        Raises:
            ValueError: They are none, or not all dicts, or one is empty.
        """
        if isinstance(rows, WeaveTable):
            return rows
        table = rows if isinstance(rows, Table) else Table(rows)
        if not table:
            raise _RowError("Attempted to construct a Dataset with no rows; give at least one")
        for at, row in enumerate(table):
            if not row:
                raise _RowError(
                    f"Attempted to construct a Dataset with the empty row {at}; every row needs a key"
                )
        return table

    @classmethod
    def from_obj(cls, obj: WeaveObject) -> Self:
        """Make a dataset of its stored record."""
        return cls.model_validate(obj)

    @classmethod
    def from_calls(cls, calls: Iterable[Call]) -> Self:
        """Make a dataset with one row per call: ``call.to_dict()``."""
        return cls(rows=cast("Any", [call.to_dict() for call in calls]))

    @classmethod
    def from_pandas(cls, df: pd.DataFrame) -> Self:
        """Make a dataset of a data frame: one row per record.

        Raises:
            ValidationError: It is no data frame, or has no rows.
        """
        return cls(rows=cast("Any", df))

    def to_pandas(self) -> pd.DataFrame:
        """Make a data frame of the rows.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - an optional package
        except ImportError:
            raise ImportError("to_pandas needs pandas: pip install 'weave-lite[pandas]'") from None
        return pd.DataFrame([dict(row) for row in self.rows])

    @classmethod
    def from_hf(cls, hf_dataset: Any) -> Self:
        """Make a dataset of one of Hugging Face; of its split ``train`` where there are several.

        Raises:
            ValueError: There are several splits and none is ``train``, or it is something else.
        """
        if isinstance(hf_dataset, dict):
            if "train" not in hf_dataset:
                raise _RowError(
                    "from_hf takes the split 'train', which is not among "
                    f"{', '.join(map(str, hf_dataset))}; give one split, such as hf_dataset['test']"
                )
            hf_dataset = hf_dataset["train"]
        if not hasattr(hf_dataset, "features"):
            raise _RowError(
                f"from_hf takes a dataset of Hugging Face, not {type(hf_dataset).__name__}; give "
                "other rows to Dataset(rows=...)"
            )
        return cls(rows=cast("Any", list(hf_dataset)))

    def to_hf(self) -> Any:
        """Make a dataset of Hugging Face of the rows.

        Raises:
            ImportError: The package ``datasets`` is not installed.
        """
        try:
            import datasets  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - an optional package
        except ImportError:
            raise ImportError("to_hf needs the package datasets: pip install datasets") from None
        return datasets.Dataset.from_list([dict(row) for row in self.rows])

    def add_rows(self, rows: Iterable[dict[str, Any]]) -> Self:
        """Store a new version with more rows at the end; the rows there are not read.

        Args:
            rows: Dicts; they are taken in parts, so there may be many.

        Returns:
            The new dataset. This one stays as it is.

        Raises:
            TypeError: This dataset is not stored, or a row is not a dict.
            ValueError: It is stored in another project than the active client's, or a row is empty.
            WeaveInitError: No client is active.
        """
        client = require_client()
        ref = self.ref
        if ref is None:
            raise _NotSavedError("This dataset is not stored; publish it before adding rows")
        if ref.project_id != client.project_id:
            raise _ForeignProjectError(
                f"This dataset is stored in {ref.project_id!r}, but the client works in "
                f"{client.project_id!r}; publish it there first"
            )
        table = client.append_rows(self.rows, _filled(rows))
        grown = self.model_copy(update={"rows": table})
        client.publisher.publish(grown, ref.name)
        return grown

    def select(self, indices: Iterable[int]) -> Self:
        """Make a new dataset, without a name, of some rows.

        Args:
            indices: Positions of the rows, from 0.

        Raises:
            ValueError: There are none.
            IndexError: There is no such row.
        """
        rows = [self[index] for index in indices]
        if not rows:
            raise _RowError("indices must not be empty: a dataset has at least one row")
        return type(self)(rows=cast("Any", rows))

    @property
    def columns_names(self) -> list[str]:
        """The keys of the first row."""
        return list(self.rows[0])

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:  # type: ignore[override]  # rows, not fields
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, key: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, key: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(key, slice):
            return list(self.rows[key])
        if not hasattr(key, "__index__"):
            raise TypeError(
                "a row index of a dataset must be a whole number or a slice, not "
                f"{type(key).__name__}; use .rows for row digests"
            )
        if key < 0:
            raise IndexError("a row index of a dataset must not be negative; use .rows for that")
        return self.rows[key]

    def __str__(self) -> str:
        return (
            f"Dataset({{\n    features: {self.columns_names},\n    num_rows: {self.num_rows}\n}})"
        )


def _filled(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for at, row in enumerate(rows):
        if isinstance(row, dict) and not row:
            raise _RowError(f"rows[{at}] is empty; every row needs a key")
        yield row
