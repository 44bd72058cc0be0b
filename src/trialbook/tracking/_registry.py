"""The registry of models: names under which those are found that are meant to be used."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialbook.errors import OptionError, WorkspaceError, nearest
from trialbook.tracking._tracker import TAG, prefixed
from trialbook.tracking._workspace import Workspace

# MLflow takes the first two apart in addresses such as models:/name/1, and we take the third.
_SEPARATORS = "/:@"
# The version that is meant by a name alone, if one has this alias; else the newest.
CHAMPION = "champion"
# The version that is to be compared with it, and the champion before it.
CHALLENGER, PREVIOUS = "challenger", "previous"


@dataclass(frozen=True)
class ModelVersion:
    """A model of the registry.

    Parameters
    ----------
    name : str
    version : int
        Counted from 1 under each name.
    run_id : str
        The trial's run.
    aliases : tuple of str
        Such as ``champion``: each belongs to one version of a name at a time.
    tags : mapping of str to str
        What is known of it, without the prefix.
    """

    name: str
    version: int
    run_id: str
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """Where MLflow finds it: ``models:/churn/1``."""
        return f"models:/{self.name}/{self.version}"


def register(
    workspace: Workspace,
    name: str,
    run_id: str,
    folder: str,
    tags: Mapping[str, str],
    *,
    aliases: Collection[str] = (),
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
    aliases : collection of str
        Further names of the version, which other versions then lose.

    Returns
    -------
    ModelVersion

    Raises
    ------
    OptionError
        If the name, or an alias, cannot be one; nothing is registered then.
    """
    for alias in aliases:
        check_alias(alias)
    if not name.strip() or any(sign in name for sign in _SEPARATORS):
        raise OptionError(
            f"'{name}' cannot be the name of a model",
            place="option name",
            remedy="Use any text without '/', ':' and '@'.",
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
    for alias in aliases:
        client.set_registered_model_alias(name, alias, made.version)
    return _version(made, list(aliases))


def check_alias(alias: str) -> None:
    """Refuse what MLflow takes for a version, or cannot read in an address.

    Parameters
    ----------
    alias : str

    Raises
    ------
    OptionError
    """
    taken = alias.lower() == "latest" or re.fullmatch(r"[vV]?\d+", alias)
    if taken or not re.fullmatch(r"[\w-]+", alias, re.ASCII):
        raise OptionError(
            f"'{alias}' cannot be an alias of a model",
            place="option alias",
            remedy="Use letters, digits, '-' and '_', and neither a number nor 'latest'.",
        )


def move_alias(workspace: Workspace, version: ModelVersion, alias: str) -> None:
    """Give an alias to a version, and take it from the one that had it.

    Parameters
    ----------
    workspace : Workspace
    version : ModelVersion
    alias : str

    Raises
    ------
    OptionError
        If it cannot be an alias.
    """
    check_alias(alias)
    workspace.client.set_registered_model_alias(version.name, alias, str(version.version))


def drop_alias(workspace: Workspace, name: str, alias: str) -> None:
    """Take an alias away, if it is there.

    Parameters
    ----------
    workspace : Workspace
    name : str
    alias : str
    """
    workspace.client.delete_registered_model_alias(name, alias)


def tag_version(workspace: Workspace, version: ModelVersion, tags: Mapping[str, str]) -> None:
    """Note what is known of a version.

    Parameters
    ----------
    workspace : Workspace
    version : ModelVersion
    tags : mapping of str to str
        Without the prefix.
    """
    for key, value in prefixed(tags).items():
        workspace.client.set_model_version_tag(version.name, str(version.version), key, value)


def registered(workspace: Workspace) -> list[str]:
    """Names in the registry, sorted.

    Parameters
    ----------
    workspace : Workspace

    Returns
    -------
    list of str
    """
    names: list[str] = []
    token = None
    while True:
        page = workspace.client.search_registered_models(page_token=token)
        names += [one.name for one in page]
        token = page.token
        if not token:
            return sorted(names)


def versions(workspace: Workspace, name: str) -> list[ModelVersion]:
    """All versions of a name, newest first.

    Parameters
    ----------
    workspace : Workspace
    name : str

    Returns
    -------
    list of ModelVersion

    Raises
    ------
    WorkspaceError
        If there is no such name, with the nearest one.
    """
    known = registered(workspace)
    if name not in known:
        raise WorkspaceError(
            f"no registered model '{name}'",
            place=str(workspace.path),
            remedy=nearest(name, known) if known else "Register one first: trialbook register.",
        )
    aliases = workspace.client.get_registered_model(name).aliases
    quoted = name.replace("'", "\\'")
    found = [
        _version(
            one, [alias for alias, version in aliases.items() if int(version) == int(one.version)]
        )
        for one in workspace.client.search_model_versions(f"name = '{quoted}'")
    ]
    return sorted(found, key=lambda one: -one.version)


def find_version(workspace: Workspace, name: str, which: str | None = None) -> ModelVersion:
    """One version of a name.

    Parameters
    ----------
    workspace : Workspace
    name : str
    which : str, optional
        A number or an alias; the champion unless it is given, or else the newest version.

    Returns
    -------
    ModelVersion

    Raises
    ------
    WorkspaceError
        If there is no such name or version, with the nearest.
    """
    known = versions(workspace, name)
    if which is None and known:
        champions = [one for one in known if CHAMPION in one.aliases]
        return (champions or known)[0]
    for one in known:
        if which == str(one.version) or which in one.aliases:
            return one
    choices = [
        *map(str, (one.version for one in known)),
        *(a for one in known for a in one.aliases),
    ]
    raise WorkspaceError(
        f"the registered model '{name}' has no version '{which}'",
        place=str(workspace.path),
        remedy=nearest(str(which), choices)
        if choices
        else "Register one first: trialbook register.",
    )


def _version(made: Any, aliases: list[str] | None = None) -> ModelVersion:
    tags = {
        key.removeprefix(TAG): value for key, value in made.tags.items() if key.startswith(TAG)
    }
    return ModelVersion(made.name, int(made.version), made.run_id, tuple(aliases or ()), tags)
