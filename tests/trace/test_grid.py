"""Tests of Grid: rows, columns, errors, and its other forms."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys

import pytest
from html_check import text_of

from weave_lite.trace.grid import ColumnDefinition, Grid


def two() -> Grid:
    grid = Grid("n").add_column("a", "A").add_column("b", type="int")
    return grid.add_row([1, 2]).add_row({"a": "x"})


def test_rows_and_columns():
    """By position, id or label; a row given as a dict has None where it says nothing."""
    grid = two()

    assert (grid.num_rows, grid.num_columns, len(grid), grid.name) == (2, 2, 2, "n")
    assert grid.columns == [ColumnDefinition("a", "A"), ColumnDefinition("b", None, "int")]
    assert [row.to_list() for row in grid] == grid.rows == [[1, 2], ["x", None]]
    assert grid.get_row(1).to_dict() == grid[1].to_dict() == {"a": "x", "b": None}
    assert (grid[0]["a"], grid[0]["A"], grid[0][1], list(grid[0]), len(grid[0])) == (
        1,
        1,
        2,
        [1, 2],
        2,
    )
    for column in (grid.get_column("a"), grid["A"], grid.get_column(0)):
        assert (column.column_id, column.to_list(), column[1]) == ("a", [1, "x"], "x")
        assert (list(column), len(column)) == ([1, "x"], 2)
    assert grid.get_column_values("b") == [2, None]


def test_a_slice_is_a_grid_of_its_own():
    """Changing it does not change the one it was cut from."""
    grid = two()
    part = grid[1:]

    part.set_cell_value(0, "a", "y").rename_column("a", "B")

    assert (part.rows, part.name) == ([["y", None]], "n")
    assert grid == two()
    assert part != grid


def test_changing_a_grid():
    """A new column is None in the rows that are there; a renamed one keeps its id."""
    grid = two().insert_column(0, "z", "Z").add_column("c").set_cell_value(0, "z", 9)
    grid.rename_column("a", "first").rename_column(2, "second")
    grid["c"].rename("third").rename("last")

    assert [column.id for column in grid.columns] == ["z", "a", "b", "c"]
    assert [column.title for column in grid.columns] == ["Z", "first", "second", "last"]
    assert grid.rows == [[9, 1, 2, None], [None, "x", None, None]]


@pytest.mark.parametrize(
    ("deed", "kind", "message"),
    [
        (
            lambda grid: grid.add_row([1]),
            ValueError,
            r"\(1\) does not match number of columns \(2\)",
        ),
        (lambda grid: grid.add_row([1, 2, 3]), ValueError, "does not match"),
        (lambda grid: grid.add_row("ab"), ValueError, "must be a list or a dict, not str"),
        (lambda grid: grid.add_row(5), ValueError, "must be a list or a dict, not int"),
        (lambda grid: grid.add_row({"c": 1}), KeyError, "'c' not found; the columns are a, b"),
        (lambda grid: grid.add_column("a"), ValueError, "'a' is that of another column"),
        (lambda grid: grid.add_column(5), ValueError, "name must be a text"),
        (lambda grid: grid["c"], KeyError, "'c' not found"),
        (lambda grid: grid.get_column(2), IndexError, "Column index out of range: 2"),
        (lambda grid: grid.get_row(2), IndexError, "Row index out of range: 2; there are 2 rows"),
        (lambda grid: grid[-1], IndexError, "Row index out of range: -1"),
        (lambda grid: grid[0, 1], TypeError, "not tuple"),
        (lambda grid: grid.get_row("0"), TypeError, "must be a whole number"),
        (lambda grid: grid.set_cell_value(0, "c", 1), KeyError, "'c' not found"),
        (lambda grid: grid.set_cell_value(9, "a", 1), IndexError, "out of range"),
        (lambda grid: grid.rename_column("c", "C"), KeyError, "'c' not found"),
        (
            lambda grid: grid.rename_column("b", "A")["A"],
            KeyError,
            "'A' is the label of several; give the id",
        ),
    ],
)
def test_what_a_grid_refuses(deed, kind, message):
    """The error says what is there."""
    with pytest.raises(kind, match=message):
        deed(two())


TABLE = """\
           n
┏━━━━━━━━━━━┳━━━━━━━━━┓
┃ A         ┃ b       ┃
┡━━━━━━━━━━━╇━━━━━━━━━┩
│ 1         │ 2       │
│ [b]x[/b]  │ ␀       │
│ {"k":[1]} │ \\x1b[1m │
└───────────┴─────────┘"""


def test_a_grid_as_text():
    """Values as texts or JSON; nothing stored is read as markup or by the terminal."""
    grid = two().set_cell_value(1, "a", "[b]x[/b]").add_row([{"k": [1]}, "\x1b[1m"])

    assert grid.to_rich_table_str() == str(grid) == TABLE
    assert grid.to_rich_table(1, 2).row_count == 1
    assert "│ b      │ 2     │" in grid[0].to_rich_table_str()
    assert grid["b"].to_rich_table_str().count("\n") == 6
    assert Grid().to_rich_table_str() == ""
    assert repr(grid) == "Grid(name='n', columns=2, rows=3)"
    assert repr(grid[0]) == "Row({'a': 1, 'b': 2})"
    assert repr(grid["b"]) == "Column('b', [2, None, '\\x1b[1m'])"


def test_cells_of_any_kind():
    """Dates in ISO form; what cannot be shown does not hide the rest."""

    class Broken:
        def __repr__(self):
            raise RuntimeError

    grid = Grid().add_column("a")
    for value in (dt.datetime(2024, 1, 2, tzinfo=dt.UTC), True, 1.5, Broken()):
        grid.add_row([value])

    lines = [line.strip("│ ") for line in str(grid).splitlines()[3:-1]]

    assert lines == ["2024-01-02 00:00:00+00:00", "True", "1.5", "<Broken>"]


def test_show_writes_the_whole_table_where_nobody_turns_pages(capsys):
    """To stdout."""
    two().show(rows_per_page=1)

    assert capsys.readouterr().out == str(two()) + "\n"


def test_show_survives_an_output_that_cannot_write_all(monkeypatch):
    """What the encoding lacks is replaced."""
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))

    two().show()
    sys.stdout.flush()

    assert b"? x ? ? ?" in buffer.getvalue()


class Terminal(io.StringIO):
    """A file that a person reads or types."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("typed", "shown"), [("\n\n", "012"), ("q\n", "0"), ("\n Q\n", "01")])
def test_show_turns_pages_on_a_terminal(monkeypatch, typed, shown):
    """Enter for the next page, q to end."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    grid = Grid().add_column("a")
    for at in range(3):
        grid.add_row([f"row{at}"])

    grid.show(rows_per_page=1)

    written = sys.stdout.getvalue()
    assert [str(at) for at in range(3) if f"row{at}" in written] == list(shown)
    assert "rows 1-1 of 3: Enter for more, q to end" in written


def test_to_and_from_pandas():
    """What pandas counts as missing is None; whole numbers stay whole."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2], "f": [0.5, None], "t": ["a", None], "b": [True, False]})
    frame[5] = [pandas.NaT, pandas.Timestamp("2024-01-02")]

    grid = Grid.from_pandas(frame)

    assert [(column.id, column.type) for column in grid.columns] == [
        ("n", "int"),
        ("f", None),
        ("t", None),
        ("b", "bool"),
        ("5", None),
    ]
    assert grid.rows == [
        [1, 0.5, "a", True, None],
        [2, None, None, False, pandas.Timestamp("2024-01-02")],
    ]
    assert type(grid.rows[0][0]) is int
    again = two().to_pandas()
    assert list(again.columns) == ["a", "b"]
    assert again["a"].tolist() == [1, "x"]
    with pytest.raises(TypeError, match="df must be a data frame"):
        Grid.from_pandas([[1]])


def test_to_pandas_without_pandas_says_what_to_install(monkeypatch):
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ImportError, match=r"weave-lite\[pandas\]"):
        two().to_pandas()


def test_loading_a_file(tmp_path):
    """The first line names the columns; blank lines are none; values are texts."""
    path = tmp_path / "t.csv"
    path.write_text('\ufeffa;b\n1;"x;y"\n\n2;é\n', encoding="utf-8")

    grid = Grid.load_csv(path, delimiter=";")

    assert [column.id for column in grid.columns] == ["a", "b"]
    assert grid.rows == [["1", "x;y"], ["2", "é"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n3\n", "line 3: 1 values for 2 columns"),
        ("a,a\n", "another column"),
    ],
)
def test_files_that_are_refused(tmp_path, text, message):
    """The error names the file or line."""
    path = tmp_path / "t.csv"
    path.write_text(text)

    with pytest.raises(ValueError, match=message):
        Grid.load_csv(path)


def test_importing_it_loads_nothing_of_a_terminal():
    """Upstream's fails where there is no termios; rich and pandas come when they are needed."""
    program = (
        "import sys; sys.modules['termios'] = sys.modules['tty'] = sys.modules['curses'] = None\n"
        "from weave_lite.trace.grid import Grid\n"
        "assert not {'rich', 'pandas', 'csv', 'pydantic'} & sys.modules.keys()\n"
        "print(Grid().add_column('a').add_row([1]).to_rich_table_str())"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert "│ 1 │" in done.stdout


def test_a_notebook_shows_the_first_rows():
    """Escaped, under the titles, and without secrets; titles that are alike have their ids."""
    grid = Grid("<b>").add_column("a", "A").add_column("b", "A").add_column("api_key")
    for at in range(60):
        grid.add_row([f"<i>{at}</i>", at, "secret"])

    text = text_of(grid._repr_html_())

    assert text.startswith("<b> 60 rows")
    assert "A (a) A (b) api_key" in text
    assert "<i>49</i> 49 REDACTED the first 50 of 60 rows" in text
    assert "secret" not in text
    assert text_of(Grid()._repr_html_()).startswith("Grid 0 rows")
