"""Tests of Dataset: what rows may be, versions, and rows read lazily."""

from __future__ import annotations

import copy
import pickle
import sys
import types

import pydantic
import pytest

from weave_lite.core.errors import WeaveInitError
from weave_lite.flow.dataset import Dataset
from weave_lite.testing import memory_client
from weave_lite.trace.op import op
from weave_lite.trace.table import Table
from weave_lite.trace.values.table import Row, WeaveTable

ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}]


class Tagged(Dataset):
    tag: str = ""


@pytest.mark.parametrize("rows", [[], [{}], [{"a": 1}, {}], [1], "text", {"a": 1}, None])
def test_rows_that_are_refused(rows):
    """No rows, empty rows and rows that are no dicts are refused."""
    with pytest.raises(pydantic.ValidationError):
        Dataset(rows=rows)


def test_rows_may_be_a_list_a_table_or_a_data_frame():
    """All come to a table of the same rows."""
    pandas = pytest.importorskip("pandas")

    datasets = [
        Dataset(rows=ROWS),
        Dataset(rows=Table(ROWS)),
        Dataset(rows=pandas.DataFrame(ROWS)),
        Dataset.from_pandas(pandas.DataFrame(ROWS)),
    ]

    assert [list(dataset) for dataset in datasets] == [ROWS] * 4


def test_looking_at_a_dataset():
    """Length, rows, columns and text."""
    dataset = Dataset(rows=ROWS)

    assert (len(dataset), dataset.num_rows, dataset.columns_names) == (3, 3, ["a", "b"])
    assert dataset[1] == ROWS[1]
    assert dataset.rows[-1] == ROWS[2]
    assert str(dataset) == "Dataset({\n    features: ['a', 'b'],\n    num_rows: 3\n})"
    with pytest.raises(IndexError, match="negative"):
        dataset[-1]
    with pytest.raises(IndexError):
        dataset[3]
    with pytest.raises(TypeError, match=r"whole number or a slice, not str; use \.rows"):
        dataset["a"]  # type: ignore[call-overload]
    assert (dataset[1:], dataset[:-1], dataset[5:]) == (ROWS[1:], ROWS[:-1], [])


def test_a_dataset_of_its_own_list_leaves_it_alone():
    """Appending to the rows does not change the user's list."""
    mine = [{"a": 1}]
    dataset = Dataset(rows=mine)

    dataset.rows.append({"a": 2})

    assert mine == [{"a": 1}]
    assert len(dataset) == 2


def test_a_stored_dataset_reads_rows_lazily_with_refs(client):
    """Rows are dicts that know their ref, below the dataset's."""
    ref = client.publisher.publish(Dataset(name="my data", rows=ROWS))

    found = client.get(ref)
    row = found.rows[1]

    assert ref.name == "my-data"
    assert isinstance(found.rows, WeaveTable)
    assert (type(row), row) == (Row, ROWS[1])
    assert row.ref.extra[:3] == ("attr", "rows", "id")
    assert row.ref.get() == row
    assert row.ref.get().ref == row.ref
    assert list(found) == ROWS
    assert found.rows[0:2] == ROWS[:2]
    assert found.ref == ref


def test_a_row_given_to_an_op_is_recorded_by_its_ref(client):
    """That is how calls link to dataset rows; a changed row is recorded as it is."""

    @op
    def look(row):
        return row["a"]

    found = client.get(client.publisher.publish(Dataset(rows=ROWS)))
    row, changed = found.rows[0], found.rows[1]
    changed["a"] = 20

    look(row)
    look(changed)

    assert [call.inputs["row"] for call in client.get_calls()] == [row.ref, {"a": 20, "b": "y"}]


def test_a_fetched_dataset_is_stored_anew_only_when_changed(client):
    """Using it unchanged gives the same ref; a changed row or an appended one a new version."""
    ref = client.publisher.publish(Dataset(name="d", rows=ROWS))
    found = client.get(ref)
    save = client.publisher.save_object

    assert save(found) == ref.uri()
    found.rows[0]["a"] = 100
    changed = save(found)
    found.rows.append({"a": 4, "b": "w"})
    longer = save(found)

    assert len({ref.uri(), changed, longer}) == 3
    assert list(client.get(ref)) == ROWS
    assert [row["a"] for row in client.get(longer)] == [100, 2, 3, 4]


def test_a_changed_dataset_is_encoded_once(client, monkeypatch):
    """Using it again and again does not write its rows again and again."""
    found = client.get(client.publisher.publish(Dataset(name="d", rows=ROWS)))
    found.rows.append({"a": 4})
    first = client.publisher.save_object(found)
    monkeypatch.setattr("weave_lite.trace.publish.encoded_rows", None)

    assert client.publisher.save_object(found) == first
    assert client.publisher.save_object(found.rows).startswith("weave:///local/test/table/")


def test_a_live_dataset_is_stored_anew_when_a_row_changed_in_place(client):
    """The rows are the user's dicts, so their content is compared."""
    dataset = Dataset(name="d", rows=[{"tags": ["a"]}])
    first = client.publisher.publish(dataset)

    dataset.rows[0]["tags"].append("b")
    second = client.publisher.publish(dataset)

    assert first.digest != second.digest
    assert client.get(second).rows[0] == {"tags": ["a", "b"]}


def test_add_rows_makes_a_new_version_and_keeps_the_old(client):
    """The rows of the stored dataset are not read; the new one has the same name."""
    first = Dataset(name="grows", description="d", rows=ROWS)
    client.publisher.publish(first)

    grown = first.add_rows({"a": n, "b": "new"} for n in range(3))

    assert len(grown) == 6
    assert (grown.name, grown.description, grown.ref.name) == ("grows", "d", "grows")
    assert grown.rows[5] == {"a": 2, "b": "new"}
    assert len(first) == 3
    assert client.get("grows").ref == grown.ref
    assert list(client.get(grown.ref)) == list(grown)


def test_add_rows_keeps_the_class_and_its_fields(client):
    """What grows stays what it is."""
    tagged = Tagged(name="t", rows=[{"a": 1}], tag="mine")
    client.publisher.publish(tagged)

    grown = tagged.add_rows([{"a": 2}])

    found = grown.ref.get()
    assert [(type(d), d.tag, list(d)) for d in (grown, found)] == [
        (Tagged, "mine", [{"a": 1}, {"a": 2}])
    ] * 2
    assert (tagged.ref.name, grown.ref.name) == ("t", "t")


def test_what_add_rows_refuses(client):
    """It needs a stored dataset of this project, and dicts with keys."""
    dataset = Dataset(rows=ROWS)
    with pytest.raises(TypeError, match="publish it"):
        dataset.add_rows([{"a": 1}])
    client.publisher.publish(dataset)
    with pytest.raises(TypeError, match="dicts"):
        dataset.add_rows([1])
    with pytest.raises(ValueError, match=r"rows\[1\] is empty"):
        dataset.add_rows([{"a": 1}, {}])
    with memory_client("local/other"), pytest.raises(ValueError, match="local/other"):
        dataset.add_rows([{"a": 1}])


def test_add_rows_needs_a_client():
    """Without a client it says what to do."""
    with pytest.raises(WeaveInitError, match="weave.init"):
        Dataset(rows=ROWS).add_rows([{"a": 1}])


def test_select_makes_an_unnamed_dataset(client):
    """Rows by position, also of a stored dataset."""
    found = client.get(client.publisher.publish(Dataset(name="d", rows=ROWS)))

    chosen = found.select([2, 0])

    assert (chosen.name, list(chosen)) == (None, [ROWS[2], ROWS[0]])
    with pytest.raises(ValueError, match="empty"):
        found.select([])
    with pytest.raises(IndexError):
        found.select([3])


def test_from_calls_has_a_row_per_call(client):
    """The keys are those of ``to_dict``."""

    @op
    def add(a, b):
        return a + b

    add(1, 2)
    dataset = Dataset.from_calls(client.get_calls())

    assert dataset.columns_names == list(next(iter(client.get_calls())).to_dict())
    assert dataset[0]["output"] == 3
    ref = client.publisher.publish(dataset, "from-calls")
    assert client.get(ref)[0]["inputs"] == {"a": 1, "b": 2}


def test_to_pandas(client):
    """A data frame of the rows, of live and stored datasets."""
    pandas = pytest.importorskip("pandas")
    dataset = Dataset(rows=ROWS)
    found = client.get(client.publisher.publish(dataset))

    for one in (dataset, found):
        pandas.testing.assert_frame_equal(one.to_pandas(), pandas.DataFrame(ROWS))


def test_to_pandas_without_pandas_says_what_to_install(monkeypatch):
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ImportError, match=r"weave-lite\[pandas\]"):
        Dataset(rows=ROWS).to_pandas()


def test_rows_with_values_that_are_not_json(client):
    """Dates, objects and other values in rows come back as such."""
    import datetime as dt

    class Note(pydantic.BaseModel):
        text: str

    moment = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    rows = [{"at": moment, "note": Note(text="n"), "deep": {"list": [1, {"k": moment}]}}]

    found = client.get(client.publisher.publish(Dataset(rows=rows)))

    assert list(found) == rows
    assert client.publisher.save_object(found) == found.ref.uri()


def test_a_fetched_dataset_can_be_copied_and_sent_to_another_process(client):
    """A copy has the same rows and refs, and stores nothing anew."""
    ref = client.publisher.publish(Dataset(name="d", rows=ROWS))
    found = client.get(ref)

    copies = [copy.deepcopy(found), found.model_copy(deep=True), pickle.loads(pickle.dumps(found))]

    assert [list(twin) for twin in copies] == [ROWS] * 3
    assert [twin[1].ref for twin in copies] == [found[1].ref] * 3
    assert [client.publisher.publish(twin) for twin in copies] == [ref] * 3
    assert list(copies[2].add_rows([{"a": 4}])) == [*ROWS, {"a": 4}]


def test_a_fetched_dataset_equals_the_one_that_was_stored(client):
    """Whether its rows are here or in the store."""
    dataset = Dataset(name="d", rows=ROWS)
    ref = client.publisher.publish(dataset)

    assert client.get(ref) == dataset
    assert dataset == client.get(ref)
    assert client.get(ref) != Dataset(name="d", rows=ROWS[:2])


def test_from_obj_takes_a_fetched_record(client):
    """Its rows are read from the store."""
    ref = client.publisher.publish(Dataset(name="d", rows=ROWS))

    record = client.get(ref, objectify=False)
    dataset = Dataset.from_obj(record)

    assert list(record.rows) == ROWS
    assert (list(dataset), dataset.ref, dataset[1].ref) == (ROWS, ref, client.get(ref)[1].ref)


class HuggingFace(list):
    """Stands for a dataset of Hugging Face: rows, and the names of columns."""

    features = ("a", "b")

    @classmethod
    def from_list(cls, rows):
        return cls(rows)


def test_a_dataset_of_hugging_face():
    """One split, or the split train of several."""
    assert list(Dataset.from_hf(HuggingFace(ROWS))) == ROWS
    assert (
        list(Dataset.from_hf({"test": HuggingFace([{"a": 9}]), "train": HuggingFace(ROWS)})) == ROWS
    )
    with pytest.raises(ValueError, match="'train', which is not among test, dev; give one split"):
        Dataset.from_hf({"test": HuggingFace(ROWS), "dev": HuggingFace(ROWS)})
    with pytest.raises(ValueError, match="not list; give other rows to Dataset"):
        Dataset.from_hf(ROWS)


def test_to_hugging_face(monkeypatch):
    """The package is needed for this way only."""
    dataset = Dataset(rows=ROWS)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match="pip install datasets"):
        dataset.to_hf()

    module = types.ModuleType("datasets")
    module.Dataset = HuggingFace
    monkeypatch.setitem(sys.modules, "datasets", module)
    found = dataset.to_hf()

    assert (type(found), found) == (HuggingFace, ROWS)
