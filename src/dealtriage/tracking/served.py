"""The model as MLflow loads it: from this file, without a pickle."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from dealtriage.serving import Answering


class Served(PythonModel):
    """Answers what `serving.Answering` answers."""

    def load_context(self, context: Any) -> None:
        """Read the folder that was packed with the model."""
        self.answering = Answering.load(Path(context.artifacts["answering"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """See `serving.Answering.answer`; None where there is no number, as JSON knows no other word for it."""
        told = self.answering.answer(model_input, **(params or {}))
        return told.astype("object").where(told.notna(), None)


set_model(Served())
