"""How fast features are made, and how much memory that takes, against other engines and against sorting once.

    python -m benchmarks.features                                   # 20,000, 200,000 and 1,000,000 deals
    python -m benchmarks.features --deals 20000 --engines floor ours polars

Peers are in the dependency group `benchmarks`, which `make` does not install; featuretools fails beside pandas 3:

    python -m venv ../peers && ../peers/bin/pip install --editable . --group benchmarks
    python -m venv ../pandas2 && ../pandas2/bin/pip install featuretools "pandas<3" pyarrow
    ../peers/bin/python -m benchmarks.features --featuretools-python ../pandas2/bin/python

A synthetic timeline and its as-of rows are written as the features stage reads them, shuffled (see `generate`). Each engine
makes the same 30 columns (`spec`) from these files in a process of its own on two cores. Its clock runs from the files to the
30 columns as arrays in memory, without imports and without what the comparison
takes to add up the columns. `floor` only reads the columns needed and sorts
once; `ours, written` writes the parts as well. `our idea in Polars` is no plain use of Polars but our kernel, sorted keys, running sums and
searches, written in it for these 30 columns: what the idea itself is worth, and what NumPy costs or saves.

Prints a table per size: wall and CPU seconds, peak memory, as-of rows per second, times the floor, agreement with ours. Then how
time grows with deals, ours against the best peer, and which bounds are met. Exits with 1 when an engine disagrees.
"""
