"""The registry of models: names under which those are found that are meant to be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialbook.errors import OptionError
from trialbook.tracking._tracker import prefixed
from trialbook.tracking._workspace import Workspace

# MLflow takes these apart in addresses such as models:/name/1.
_SEPARATORS = "/:"


@dataclass(frozen=True)
class ModelVersion:
    """A model of the registry.

    Parameters
    ----------
    name : str
    version : int
        Counted from 1 under each name.
    """

    name: str
    version: int

    @property
    def uri(self) -> str:
        """Where MLflow finds it: ``models:/churn/1``."""
        return f"models:/{self.name}/{self.version}"


def register(
    workspace: Workspace, name: str, run_id: str, folder: str, tags: Mapping[str, str]
) -> ModelVersion:
    """Enter the model of a run as the next version of a name.

    Parameters
    ----------
    workspace : Workspace
        Its tracking store has the registry, too.
    name : str
        Made if there is none.
    run_id : str
    folder : str
        Where the run keeps the model, among its artifacts.
    tags : mapping of str to str
        What is to be known of it, without the prefix.

    Returns
    -------
    ModelVersion

    Raises
    ------
    OptionError
        If the name cannot be one.
    """
    if not name.strip() or any(sign in name for sign in _SEPARATORS):
        raise OptionError(
            f"'{name}' cannot be the name of a model",
            place="option name",
            remedy="Use any text without '/' and ':'.",
        )
    from mlflow.exceptions import MlflowException

    client = workspace.client
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # By its run, not by a path: it is found after the workspace was moved.
    made = client.create_model_version(
        name, f"runs:/{run_id}/{folder}", run_id=run_id, tags=prefixed(tags)
    )
    return ModelVersion(name, int(made.version))
