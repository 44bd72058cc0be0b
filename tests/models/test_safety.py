"""Models of strangers: a pickle is run when it is read, so a person must say that it may be."""

from __future__ import annotations

import json
import pickle
import platform
import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import trialbook as tb
from trialbook.data import Column, Schema, Semantic
from trialbook.errors import (
    NoModelError,
    OptionError,
    OtherVersionsWarning,
    UntrustedError,
    WorkspaceError,
)
from trialbook.models import Model, load_model, open_model
from trialbook.models._environment import check_environment


class Bomb:
    """Pickled, it leaves a file behind wherever it is read."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.fixture
def trace(tmp_path):
    return tmp_path / "code of a stranger has run"


@pytest.fixture
def sent(tmp_path, trace):
    """The folder of a model that somebody sent."""
    folder = tmp_path / "sent" / "model"
    folder.mkdir(parents=True)
    column = Column("a", Semantic.NUMERIC, "number", "", 0, 9)
    schema = Schema("regression", "y", (), None, (column,))
    (folder / "schema.json").write_text(json.dumps(schema.to_dict()))
    (folder / "model.pkl").write_bytes(pickle.dumps(Bomb(trace)))
    return folder


def zipped(folder):
    path = folder.parent / "sent.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in folder.iterdir():
            archive.write(one, f"model/{one.name}")
    return path


def test_the_model_of_a_stranger_is_refused_and_not_run(sent, trace, tmp_path):
    space = tmp_path / "workspace"
    (space / "artifacts").mkdir(parents=True)
    link = space / "artifacts" / "linked"
    link.symlink_to(sent)
    for which in (sent, sent.parent, zipped(sent), link):
        with pytest.raises(UntrustedError, match=r"runs? any code .* ONNX"):
            tb.load_model(which, workspace=space)
    assert not trace.exists()


def test_trust_lets_it_in(sent, trace):
    for which in (sent, sent.parent, zipped(sent)):
        model = tb.load_model(which, trust=True)
        assert not trace.exists()
        assert model.schema.names == ["a"]
    assert model.estimator is None
    assert trace.exists()


def test_an_unpacked_zip_goes_with_its_model(sent):
    model = open_model(zipped(sent), trust=True)
    folder = model.folder
    assert folder.is_dir()
    del model
    assert not folder.exists()


def test_what_the_trials_of_the_workspace_wrote_needs_no_word(sent, tmp_path):
    own = tmp_path / "workspace" / "artifacts" / "bank" / "0123" / "artifacts" / "model"
    shutil.copytree(sent, own)
    assert open_model(own, workspace=tmp_path / "workspace").folder == own
    beside = tmp_path / "workspace" / "model"
    shutil.copytree(sent, beside)
    with pytest.raises(UntrustedError):
        open_model(beside, workspace=tmp_path / "workspace")


def test_what_holds_no_model_is_told_as_such(tmp_path, sent):
    for name in ("text.zip", "empty.zip"):
        path = tmp_path / name
        path.write_text("no zip")
        if name == "empty.zip":
            zipfile.ZipFile(path, "w").close()
        with pytest.raises(NoModelError, match="holds no model"):
            open_model(path, trust=True)
    pickled = shutil.copy(sent / "model.pkl", tmp_path)
    with pytest.raises(OptionError, match="which columns"):
        tb.load_model(pickled, trust=True)
    with pytest.raises(NoModelError, match="no such ONNX file"):
        tb.load_model(tmp_path / "none.onnx")


def requires(folder, *lines, python=None):
    (folder / "requirements.txt").write_text("\n".join(lines))
    made = python or platform.python_version()
    (folder / "python_env.yaml").write_text(f"python: {made}\nbuild_dependencies:\n- pip\n")


def test_a_model_of_these_versions_is_loaded_without_a_word(sent, recwarn):
    names = ("scikit-learn", "pandas", "numpy")
    requires(sent, *(f"{name}=={version(name)}" for name in names), "mlflow-skinny==0.1")
    load_model(sent)
    assert not recwarn.list


def test_other_versions_are_told_with_what_to_install(sent):
    requires(sent, f"numpy=={version('numpy')}", "scikit-learn==0.24.1")
    with pytest.warns(OtherVersionsWarning, match=r"pip install 'scikit-learn==0\.24\.1'$"):
        load_model(sent)


def test_what_cannot_be_read_here_is_refused_before_it_is_read(sent, trace):
    requires(sent, "no-such-library==1.0")
    with pytest.raises(NoModelError, match=r"Install: pip install 'no-such-library==1\.0'"):
        load_model(sent)
    requires(sent, python="3.8.1")
    with pytest.raises(NoModelError, match=r"Python 3\.8\.1, .* Use Python 3\.8"):
        load_model(sent)
    assert not trace.exists()


def test_one_module_of_two_distributions_is_there_under_either_name(tmp_path):
    here = next(one for one in ("xgboost-cpu", "xgboost") if _installed(one))
    other = {"xgboost-cpu": "xgboost", "xgboost": "xgboost-cpu"}[here]
    requires(tmp_path, f"{other}=={version(here)}")
    check_environment(tmp_path)


def test_what_only_moves_a_model_about_may_be_lacking(tmp_path):
    requires(tmp_path, "mlflow-tracing==0.1", "mlflow==0.1")
    check_environment(tmp_path)


def _installed(name):
    try:
        return bool(version(name))
    except ModuleNotFoundError:
        return False


def test_a_model_knows_no_path_of_the_machine_that_made_it(tmp_path):
    import cloudpickle

    from trialbook.program import import_program

    path = tmp_path / "trial.py"
    path.write_text("def twice(X):\n    return [2 * x for x in X]\n")
    pickled = cloudpickle.dumps(import_program(path, "paths").twice)
    assert str(tmp_path).encode() not in pickled
    assert pickle.loads(pickled)([1]) == [2]


def test_the_model_of_a_folder_is_a_model(sent):
    assert isinstance(open_model(sent, trust=True), Model)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"columns": [{"name": "a"}]}', "[" * 100_000])
def test_a_damaged_schema_is_told_as_such(text, sent):
    (sent / "schema.json").write_text(text)
    with pytest.raises(NoModelError, match="schema of this model cannot be read"):
        open_model(sent, trust=True)


@pytest.mark.parametrize("damage", ["schema", "password", "disk"])
def test_a_zip_that_cannot_be_opened_leaves_nothing_behind(damage, sent, tmp_path, monkeypatch):
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(unpacked))
    if damage == "schema":
        (sent / "schema.json").write_text("{")
    path = zipped(sent)
    if damage == "password":
        content = bytearray(path.read_bytes())
        for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.find(sign) + place] |= 1
        path.write_bytes(content)
    if damage == "disk":

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("shutil.copyfileobj", full)
    wanted = WorkspaceError if damage == "disk" else NoModelError
    with pytest.raises(wanted):
        open_model(path, trust=True)
    assert not list(unpacked.iterdir())
