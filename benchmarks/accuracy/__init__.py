"""How well revival is told, against what others would use, on the same rows; and how far that is from what can be told at all.

    python -m benchmarks.accuracy                                            # BPI Challenge 2012 and five sample companies
    python -m benchmarks.accuracy --sets bpi c1k --out accuracy.json
    python -m benchmarks.accuracy --sets --params my/params.yaml             # your own event log or export
    python -m benchmarks.accuracy --work runs/accuracy --finished            # only runs that lie there already

--work: where the runs lie; one that lies there is used as it is, others are made (100,000 deals take a while and some GB).
Challengers are no dependencies of this project. In an environment that has them they take part; else the table says why not:

    python -m venv ../peers && ../peers/bin/pip install --editable . lightgbm catboost
    python -m venv ../pandas2 && ../pandas2/bin/pip install featuretools "pandas<3" pyarrow
    ../peers/bin/python -m benchmarks.accuracy --featuretools-python ../pandas2/bin/python

One split per data set (`split`): the last 30 % of the as-of dates test; rows whose label had matured by the first of them train; rows of deals
that train are not tested. Prints a table per data set:

* AUC with a 95 % interval by resampling deals, average precision, log loss
* Brier skill: 1 - Brier score / that of the test rows' own share; ECE: expected calibration error in ten bins; slope: of the outcome on the log-odds
* gain: by how much the log loss is lower than that of `silence`, with a paired 95 % interval by resampling deals
* of ceiling: on a sample company, (AUC - 0.5) / (AUC of the truth's own chance - 0.5), see `ceiling`
* fit: seconds on one core, with the making of features where a challenger makes its own

`calibrated` models are fitted on the earlier part of the training rows and put straight on the rest; all others take the training rows as they
are. On the BPI 2012 log the published outcome tasks follow, see `outcomes`.
"""
