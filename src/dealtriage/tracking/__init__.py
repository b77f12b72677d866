"""What a run was, kept in MLflow: a sink at the end of the pipeline. The only importer of mlflow."""

from dealtriage.tracking.log import track as track
from dealtriage.tracking.registry import promote as promote
