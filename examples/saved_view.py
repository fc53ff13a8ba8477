"""Keep a table of calls under a name: which calls, which columns, in which order."""

from contextlib import suppress

import weave_lite as weave

weave.init("views")


@weave.op
def grade(essay: str) -> dict:
    if not essay:
        raise ValueError("nothing to grade")
    words = essay.split()
    return {"score": round(len(set(words)) / len(words), 2), "words": len(words)}


for essay in ("to be or not to be", "all good here", "yes yes yes yes", ""):
    with suppress(ValueError):
        grade(essay)

view = weave.SavedView(label="Dull essays")
view.filter_op("grade").add_filter("Status", "equals", "success")
view.add_filter("output.score", "<", 0.9).sort_by("output.score", "asc")
view.add_columns("inputs.essay", "Status").add_column("output.score", "score")
ref = view.save().ref
print(view.to_grid())

# Anybody with the store can load it; what is changed is a new version when it is saved.
again = weave.SavedView.load(ref.uri()).remove_filter("output.score").hide_column("Status")
print([row.to_list() for row in again.to_grid()])
print("a new version:", again.save().ref != ref)
weave.finish()
