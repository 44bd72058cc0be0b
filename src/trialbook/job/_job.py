"""One description of what is asked, whether it came from Python, the CLI or a file.

A job is data. It is checked when it is made, stored with the experiment, and read again by
`resume`. The command line makes its options from the fields below, so a field's description is
also its help text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from trialbook._countries import country_code
from trialbook._languages import language_code
from trialbook.addresses import hide_password, place_of, title_of
from trialbook.errors import OptionError, nearest
from trialbook.job._agreement import ORDERS, disagreements
from trialbook.job._amounts import n_bytes, seconds
from trialbook.orders import Imputer, Mode, Parameters, read_parameters, transformer_name

Task = Literal["classification", "regression", "forecasting"]
Label = str | int | float | bool
Reconcile = Literal[
    "mint",
    "wls",
    "bottom_up",
    "average_historical_proportions",
    "proportions_of_historical_average",
]

# What MLflow takes as the name of a tag, and the longest text that each of its stores keeps.
TAG_NAME = re.compile(r"[\w./\- ]{1,250}", re.ASCII)
TAG_LENGTH = 5_000

# Ten minutes: long enough for the whole portfolio on a laptop-sized table, short enough to wait.
DEFAULT_TIMEOUT_S = 600.0


class Job(BaseModel):
    """What is asked of one experiment.

    Notes
    -----
    Field names are the options of `trialbook.classify` and its like, of
    ``trialbook train`` (with dashes) and the keys of a job file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    IN_MEMORY: ClassVar[str] = "<in memory>"

    # The question
    data: str = Field(
        description="table to learn from: files, a table by name, or an address such as"
        " sqlite:///shop.db#orders"
    )
    target: str = Field(description="column to predict")
    task: Task | None = Field(
        None, description="classification, regression or forecasting; else told from the target"
    )
    name: str | None = Field(None, description="name of the experiment; else that of the data")
    metric: str | None = Field(None, description="metric that ranks the trials")
    positive_label: Label | None = Field(
        None, description="class that counts as positive (two classes)"
    )

    # The columns
    ignore: tuple[str, ...] = Field((), description="columns that are not features")
    types: dict[str, str] = Field({}, description="column types that override detection")
    weight: str | None = Field(None, description="column of sample weights")
    featurization: Mode = Field(
        "auto", description="auto, off (only what learners cannot do without) or custom"
    )
    imputers: dict[str, Imputer] = Field({}, description="how missing cells are filled, by column")
    block_transformers: tuple[str, ...] = Field(
        (), description="transformers that no program may have"
    )
    transformer_params: dict[str, tuple[Parameters, ...]] = Field(
        {}, description="parameters of transformers, for all columns or some"
    )
    language: str | None = Field(None, description="language of text, such as de, deu or German")

    # Series to forecast
    series: tuple[str, ...] = Field(
        (), description="columns that tell series apart; else found where times come again"
    )
    find_series: bool = Field(
        True, description="look for columns that tell series apart where times come again"
    )
    horizon: int | Literal["auto"] | None = Field(
        None, description="rows of each series to forecast; auto is a season, or what is usual"
    )
    frequency: str | None = Field(
        None, description="step from row to row, such as D, W, MS, QS, YS, h or 15min"
    )
    season: int | None = Field(
        None, ge=1, description="rows of a season, 1 for none; else told from the frequency"
    )
    aggregate: Literal["sum", "mean", "min", "max"] | None = Field(
        None,
        description="how the target is put together to the frequency; other numbers by their mean",
    )
    unknown_in_future: tuple[str, ...] = Field(
        (), description="columns that are not known of the future"
    )
    short_series: Literal["auto", "pad", "drop", "none"] = Field(
        "auto",
        description="what becomes of series too short to validate; auto pads all, which must be"
        " longer than the horizon, or drops some",
    )
    target_lags: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), description="lags of the target, such as 1,2,12; auto leaves them to the search"
    )
    rolling_window: int | None = Field(
        None, ge=1, description="rows that the target is summed up over; else left to the search"
    )
    feature_lags: Literal["auto", "none"] = Field(
        "auto", description="whether learners of lags may use earlier values of columns"
    )
    use_stl: Literal["none", "season", "season_trend"] = Field(
        "none",
        description="what STL takes from series before learners of lags see them; it is put back",
    )
    holidays: str | None = Field(
        None, description="country whose holidays are told of each row, such as DE; daily or finer"
    )
    hierarchy: tuple[str, ...] = Field(
        (), description="columns whose levels are to add up, from the top to the leaves"
    )
    hierarchy_level: str | None = Field(
        None, description="the level of the hierarchy to train, or total; else all of them"
    )
    reconcile: Reconcile | None = Field(
        None, description="how forecasts are made to add up; mint, or as the level says"
    )
    window_step: int | None = Field(
        None,
        ge=1,
        description="rows from one validation window to the next; else the"
        " horizon, or less where windows overlap",
    )

    # Validation and test
    validation: str | None = Field(None, description="separate table to validate on")
    validation_size: float | None = Field(
        None, gt=0, lt=1, description="fraction held out to validate on"
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=100,
        description="cross-validation folds; with a validation size, random repeats",
    )
    fold_columns: tuple[str, ...] = Field(
        (), description="a column of fold names, or columns of 1 (train) and 0 (validate)"
    )
    group_column: str | None = Field(
        None, description="rows of one group stay on one side of a split"
    )
    time_column: str | None = Field(
        None, description="column of times: validate on the latest rows, or forecast"
    )
    test: str | None = Field(None, description="separate table to test the winner on")
    test_size: float | None = Field(
        None, gt=0, lt=1, description="fraction cut off first to test the winner on"
    )

    # The search
    allow: tuple[str, ...] = Field((), description="learners to try, and no others")
    block: tuple[str, ...] = Field((), description="learners not to try")
    timeout: float | None = Field(
        None, description="deadline for everything, such as 90s, 5m or 1h"
    )
    trial_timeout: float | None = Field(None, description="deadline for each trial")
    max_trials: int | None = Field(
        None, ge=1, description="number of trials, ensembles not counted"
    )
    max_concurrent_trials: int | None = Field(None, ge=1, description="trials that run at once")
    max_cores_per_trial: int | None = Field(None, ge=1, description="cores that a trial may use")
    memory_limit: int | None = Field(None, description="memory that a trial may use, such as 4GB")
    total_memory: int | None = Field(
        None, description="memory that the whole run may use, such as 16GB"
    )
    exit_score: float | None = Field(None, description="stop when the metric is as good as this")
    early_termination: bool = Field(
        True, description="stop trials, and the search, that no longer improve the vote of all"
    )
    voting: bool = Field(True, description="end with a voting ensemble")
    stacking: bool = Field(True, description="end with a stacking ensemble")
    calibrate: bool = Field(
        True, description="calibrate the ensembles' probabilities where the metric gains"
    )
    tune_threshold: bool = Field(
        True, description="weigh the ensembles' classes where a metric of labels gains"
    )
    explain: bool = Field(
        True, description="explain the best model at the end, where there is time for it"
    )
    refit: bool = Field(
        False, description="train the winner anew as one model on all rows, for fast serving"
    )
    max_predict_ms: float | None = Field(
        None, gt=0, description="longest time in ms that the winner may take to predict one row"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="fixes splits, configurations and models")

    # Where it is kept
    workspace: str = Field("trialbook", description="folder that keeps the experiments")
    tracking_uri: str | None = Field(
        None, description="MLflow tracking server instead of the workspace's own"
    )
    description: str | None = Field(None, description="what the experiment is about, for readers")
    tags: dict[str, str] = Field({}, description="tags of the experiment's run in MLflow")

    @field_validator("timeout", "trial_timeout", mode="before")
    @classmethod
    def _read_seconds(cls, value: Any) -> Any:
        return value if value is None else seconds(value)

    @field_validator("tags")
    @classmethod
    def _read_tags(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not TAG_NAME.fullmatch(name) or name.startswith(("mlflow.", "trialbook.")):
                raise ValueError(
                    f"'{name}' is no name of a tag; write letters, digits, _ . - / and blanks,"
                    " and begin with neither mlflow. nor trialbook."
                )
            if len(text) > TAG_LENGTH:
                raise ValueError(f"the tag '{name}' is longer than {TAG_LENGTH:,} characters")
        return value

    @field_validator("memory_limit", "total_memory", mode="before")
    @classmethod
    def _read_bytes(cls, value: Any) -> Any:
        return value if value is None else n_bytes(value)

    @field_validator(
        "ignore",
        "fold_columns",
        "allow",
        "block",
        "block_transformers",
        "series",
        "unknown_in_future",
        "hierarchy",
        mode="before",
    )
    @classmethod
    def _read_names(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("horizon", mode="before")
    @classmethod
    def _read_horizon(cls, value: Any) -> Any:
        if value is None or (isinstance(value, str) and value.strip().lower() == "auto"):
            return value if value is None else "auto"
        try:
            rows = None if isinstance(value, bool) or int(value) != float(value) else int(value)
        except (TypeError, ValueError):
            rows = None
        if rows is None or rows < 1:
            raise ValueError("a horizon is a whole number of rows from 1 on, or auto")
        return rows

    @field_validator("target_lags", mode="before")
    @classmethod
    def _read_lags(cls, value: Any) -> Any:
        given = [value] if isinstance(value, (int, str)) else [] if value is None else list(value)
        texts = [part for one in given for part in str(one).split(",")]
        lags = [text.strip() for text in texts if text.strip()]
        if [text.lower() for text in lags] == ["auto"]:
            return ()
        if any(not text.isdecimal() or int(text) < 1 for text in lags):
            raise ValueError("lags are whole numbers from 1 on; write them like 1,2,12, or auto")
        return tuple(sorted({int(text) for text in lags}))

    @field_validator("season", "window_step", "rolling_window", mode="before")
    @classmethod
    def _read_auto(cls, value: Any) -> Any:
        return None if isinstance(value, str) and value.strip().lower() == "auto" else value

    @field_validator("short_series", "feature_lags", "use_stl", mode="before")
    @classmethod
    def _read_none(cls, value: Any) -> Any:
        # A file of YAML, and Azure ML, write none as nothing.
        return "none" if value is None else value.lower() if isinstance(value, str) else value

    @field_validator("holidays")
    @classmethod
    def _read_country(cls, value: str | None) -> str | None:
        return None if value is None else country_code(value)

    @field_validator("featurization", mode="before")
    @classmethod
    def _read_mode(cls, value: Any) -> Any:
        # YAML reads a bare off as false.
        return "off" if value is False else value.lower() if isinstance(value, str) else value

    @field_validator("block_transformers")
    @classmethod
    def _read_transformers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(transformer_name, value)))

    @field_validator("transformer_params", mode="before")
    @classmethod
    def _read_parameters(cls, value: Any) -> Any:
        return read_parameters(value)

    @field_validator("language")
    @classmethod
    def _read_language(cls, value: str | None) -> str | None:
        return None if value is None else language_code(value)

    @model_validator(mode="before")
    @classmethod
    def _take_orders_as_custom(cls, fields: Any) -> Any:
        if not isinstance(fields, Mapping) or not any(fields.get(name) for name in ORDERS):
            return fields
        mode = fields.get("featurization", "auto")
        return {**fields, "featurization": "custom"} if str(mode).lower() == "auto" else fields

    @model_validator(mode="before")
    @classmethod
    def _take_hierarchy_as_series(cls, fields: Any) -> Any:
        if not isinstance(fields, Mapping) or not fields.get("hierarchy") or fields.get("series"):
            return fields
        return {**fields, "series": fields["hierarchy"]}

    @model_validator(mode="after")
    def _agree(self) -> Job:
        problem = next(disagreements(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def deadline_s(self) -> float | None:
        """Seconds for everything; ``None`` when only the number of trials limits the search."""
        if self.timeout is not None:
            return self.timeout
        return None if self.max_trials is not None else DEFAULT_TIMEOUT_S

    @property
    def experiment_name(self) -> str:
        """The given name, else the data's: ``bank`` for ``data/bank.csv.gz``."""
        if self.name:
            return self.name
        if self.data == self.IN_MEMORY:
            return "experiment"
        return title_of(self.data) or "experiment"

    @property
    def place(self) -> str:
        """Where its table is, as messages and records say it: without a password."""
        return place_of(self.data)

    def told(self) -> dict[str, Any]:
        """What is kept of it, and shown: no tracking URI, and no passwords of its tables.

        Returns
        -------
        dict
            Values that fit into JSON, by the names of this class's fields.
        """
        told = self.model_dump(mode="json", exclude={"tracking_uri"})
        tables = {name: told[name] for name in ("data", "validation", "test") if told[name]}
        return told | {name: hide_password(address) for name, address in tables.items()}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Job:
        """Make a job; what is wrong with it is raised as an `OptionError`.

        Parameters
        ----------
        fields : mapping
            Values by the names of this class's fields.

        Returns
        -------
        Job

        Raises
        ------
        OptionError
            If a field is unknown (the nearest name is suggested), missing or has a wrong value.
        """
        for field in fields:
            if field not in cls.model_fields:
                raise OptionError(
                    f"unknown option '{field}'", remedy=nearest(field, cls.model_fields)
                )
        try:
            return cls.model_validate(dict(fields))
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            option = ".".join(str(part) for part in first["loc"])
            reason = first["msg"].removeprefix("Value error, ")
            raise OptionError(
                f"bad value for '{option}': {reason}" if option else reason,
                place=f"option {option}" if option else None,
                remedy=getattr(first.get("ctx", {}).get("error"), "remedy", None),
            ) from None
