"""An ONNX graph that grows node by node, with names that never clash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from trialbook.errors import ExportError

if TYPE_CHECKING:
    import onnx

# 20 brought StringConcat and RegexFullMatch; every onnxruntime that `IR_VERSION` lets in runs 21.
OPSET = 21
# 4 gave LabelEncoder doubles, and 5 trees of doubles that ask for sets of categories. That has
# deprecated the tree operators of skl2onnx and onnxmltools, whose trees cannot be embedded.
ML_OPSET = 5
# Operators that onnxruntime's standard builds have beside the standard: Tokenizer.
ORT_DOMAIN = "com.microsoft"
ML_DOMAIN = "ai.onnx.ml"
# onnxruntime 1.21 to 1.23 runs trees of `ML_OPSET` 5, but wrongly: a model of LightGBM with
# categories was off by 0.007 of a probability. They read nothing newer than 11, so they refuse
# this; 1.24 and newer read it, and give what LightGBM does.
IR_VERSION = 12
# Bytes of a graph: a protobuf holds 2 GiB, and inputs, outputs and the schema need some, too.
LARGEST = 2**31 - 2**24
# Graphs of other converters: the operators changed in nothing but types since these.
OLDEST_OPSET = 18


class Graph:
    """A growing ONNX graph.

    Tensors are called by name. What an operator makes gets a fresh name, so that parts of a
    graph can be written without knowing one another.

    Examples
    --------
    >>> import numpy as np, onnx
    >>> graph = Graph()
    >>> x = graph.input("x", onnx.TensorProto.DOUBLE, [None, 1])
    >>> doubled = graph.add("Mul", x, graph.constant(np.array(2.0)))
    >>> graph.output("y", doubled, onnx.TensorProto.DOUBLE, [None, 1])
    'y'
    >>> [node.op_type for node in graph.build().graph.node]
    ['Mul', 'Identity']
    """

    def __init__(self) -> None:
        # What raw columns hold, by tensor: a value of `Kind`.
        self.kinds: dict[str, str] = {}
        # Texts that are rewritten already, by how: the tables for it have thousands of entries,
        # and writing one down only to find it known takes a fifth of a second each time.
        self.rewritten: dict[tuple[str, bool, str | None, bool], str] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._known: dict[tuple[int, bytes], tuple[str, ...]] = {}
        self._domains = {"", ML_DOMAIN}
        self._used: set[str] = set()
        self._count = 0

    def fresh(self, stem: str) -> str:
        """A name that nothing has yet.

        Parameters
        ----------
        stem : str
            How it begins.

        Returns
        -------
        str
        """
        while True:
            self._count += 1
            name = f"{stem}_{self._count}"
            if name not in self._used:
                self._used.add(name)
                return name

    @overload
    def add(
        self,
        op: str,
        *inputs: str,
        domain: str = ...,
        n_outputs: Literal[1] = ...,
        **attributes: Any,
    ) -> str: ...

    @overload
    def add(
        self, op: str, *inputs: str, domain: str = ..., n_outputs: int, **attributes: Any
    ) -> tuple[str, ...]: ...

    def add(
        self, op: str, *inputs: str, domain: str = "", n_outputs: int = 1, **attributes: Any
    ) -> str | tuple[str, ...]:
        """Append a node, or find one that does the same: all operators are functions.

        Parameters
        ----------
        op : str
            The operator.
        *inputs : str
            Tensors; an empty name where an optional input is left out.
        domain : str, default ""
            The operator's domain: ``ai.onnx.ml``, `ORT_DOMAIN`, or none for the standard one.
        n_outputs : int, default 1
            How many outputs it has.
        **attributes
            As onnx names them; arrays become tensors, None is left out.

        Returns
        -------
        str, or tuple of str if there are several outputs
            The tensors that it makes.
        """
        from onnx import helper

        node = helper.make_node(op, list(inputs), [], domain=domain or None)
        for name, value in attributes.items():
            if value is not None:
                node.attribute.append(helper.make_attribute(name, _attribute(value)))
        # The models of several folds share much of what comes before their learners.
        key = (n_outputs, hashlib.sha256(node.SerializeToString()).digest())
        if key not in self._known:
            self._known[key] = tuple(self.fresh(op) for _ in range(n_outputs))
            node.output[:] = self._known[key]
            node.name = node.output[0]
            self._domains.add(domain)
            self._nodes.append(node)
        made = self._known[key]
        return made[0] if n_outputs == 1 else made

    def constant(self, array: np.ndarray[Any, Any]) -> str:
        """A tensor of the model itself; equal ones are kept once.

        Parameters
        ----------
        array : ndarray
            Numbers, booleans or strings.

        Returns
        -------
        str
        """
        array = np.asarray(array)
        kind = array.dtype.kind
        text = kind in "OU"
        data = repr([*map(str, array.ravel())]).encode() if text else array.tobytes()
        key = ("text" if text else array.dtype.str, array.shape, data)
        if key not in self._constants:
            name = self.fresh("constant")
            self._initializers.append(_tensor(array, name))
            self._constants[key] = name
        return self._constants[key]

    def input(self, name: str, onnx_type: int, shape: Sequence[int | str | None]) -> str:
        """Declare an input.

        Parameters
        ----------
        name : str
            As callers will feed it.
        onnx_type : int
            Of ``onnx.TensorProto``.
        shape : sequence of int, str or None
            None, or a name, for a free dimension.

        Returns
        -------
        str
            The tensor: its name.

        Raises
        ------
        ValueError
            If the name is taken.
        """
        from onnx import helper

        if name in self._used:
            raise ValueError(f"the graph has a tensor {name!r} already")
        self._used.add(name)
        self._inputs.append(helper.make_tensor_value_info(name, onnx_type, shape))
        return name

    def output(
        self, name: str, tensor: str, onnx_type: int, shape: Sequence[int | str | None]
    ) -> str:
        """Declare an output.

        Parameters
        ----------
        name : str
            As callers will see it. If an input or another tensor has it, as a column called
            ``label``, it gets a number.
        tensor : str
            What it is.
        onnx_type, shape
            As of `input`.

        Returns
        -------
        str
            The name that it has got.
        """
        from onnx import helper

        taken = name in self._used
        name = self.fresh(name) if taken else name
        self._used.add(name)
        self._nodes.append(helper.make_node("Identity", [tensor], [name], name=f"output {name}"))
        self._outputs.append(helper.make_tensor_value_info(name, onnx_type, shape))
        return name

    def embed(self, proto: onnx.ModelProto, inputs: Mapping[str, str]) -> dict[str, str]:
        """Take in another model's graph, under fresh names.

        Parameters
        ----------
        proto : ModelProto
            Of opset `OLDEST_OPSET` to `OPSET` and ``ai.onnx.ml`` up to `ML_OPSET`.
        inputs : mapping
            The other graph's inputs to tensors of this one.

        Returns
        -------
        dict
            The other graph's outputs to tensors of this one.

        Raises
        ------
        ValueError
            If its operators are of versions that this graph does not speak.
        """
        self._understand(proto)
        other = proto.graph
        names = dict(inputs)
        for tensor in other.initializer:
            if tensor.name not in names:
                copy = type(tensor)()
                copy.CopyFrom(tensor)
                copy.name = names[tensor.name] = self.fresh("constant")
                self._initializers.append(copy)
        missing = [one.name for one in other.input if one.name not in names]
        if missing:
            raise ValueError(f"the embedded graph wants {', '.join(missing)}, too")
        self._take(other.node, names, self._nodes)
        return {one.name: names[one.name] for one in other.output}

    def inner(self) -> Graph:
        """A graph within this one, for the body of a Loop; it may use this one's tensors."""
        made = Graph()
        made._used = self._used
        made._domains = self._domains
        return made

    def body(
        self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.GraphProto:
        """An inner graph as the attribute of a node.

        Parameters
        ----------
        inputs, outputs : sequence of ValueInfoProto
            Of its tensors, in the order that the operator asks for.

        Returns
        -------
        GraphProto
        """
        from onnx import helper

        return helper.make_graph(
            self._nodes, self.fresh("body"), inputs, outputs, self._initializers
        )

    def _understand(self, proto: onnx.ModelProto) -> None:
        for one in proto.opset_import:
            spoken = {"": (OLDEST_OPSET, OPSET), ML_DOMAIN: (1, ML_OPSET)}
            low, high = spoken.get(one.domain, (1, 1))
            if not low <= one.version <= high:
                name = f"opset {one.version} of {one.domain or 'ai.onnx'}"
                raise ValueError(f"{name} is not within {low} to {high}")
            self._domains.add(one.domain)
        if proto.functions:
            raise ValueError("graphs with functions cannot be embedded")

    def _take(self, nodes: Any, names: dict[str, str], into: Any) -> None:
        """Nodes under new names; those of graphs within them (If, Loop, Scan), too."""
        for node in nodes:
            copy = type(node)()
            copy.CopyFrom(node)
            copy.input[:] = [names[name] if name else "" for name in node.input]
            for name in node.output:
                if name:
                    names[name] = self.fresh(node.op_type)
            copy.output[:] = [names[name] if name else "" for name in node.output]
            copy.name = self.fresh(f"node_{node.op_type}")
            for attribute in copy.attribute:
                if attribute.HasField("g"):
                    self._take_inner(attribute.g, dict(names))
            into.append(copy)

    def _take_inner(self, inner: onnx.GraphProto, names: dict[str, str]) -> None:
        for one in [*inner.input, *inner.initializer]:
            names[one.name] = self.fresh("inner")
            one.name = names[one.name]
        nodes = list(inner.node)
        del inner.node[:]
        self._take(nodes, names, inner.node)
        for one in inner.output:
            one.name = names[one.name]

    def build(self, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
        """The model, checked.

        Parameters
        ----------
        metadata : mapping, optional
            What travels with it as text.

        Returns
        -------
        ModelProto

        Raises
        ------
        onnx.checker.ValidationError
            If the graph is not valid.
        ExportError
            If it is larger than a file can be.
        """
        import onnx
        from onnx import helper

        size = sum(one.ByteSize() for part in (self._nodes, self._initializers) for one in part)
        if size > LARGEST:
            raise ExportError(
                f"the model has {size / 1e9:.1f} GB as a graph, and an ONNX file holds 2.1 GB",
                remedy="Export another trial, or this one as zip.",
            )
        graph = helper.make_graph(
            self._nodes, "trialbook", self._inputs, self._outputs, self._initializers
        )
        versions = {"": OPSET, ML_DOMAIN: ML_OPSET}
        proto = helper.make_model(
            graph,
            opset_imports=[
                helper.make_opsetid(domain, versions.get(domain, 1))
                for domain in sorted(self._domains)
            ],
            ir_version=IR_VERSION,
            producer_name="trialbook",
        )
        helper.set_model_props(proto, dict(metadata or {}))
        onnx.checker.check_model(proto)
        return proto


def _attribute(value: Any) -> Any:
    return _tensor(value, "") if isinstance(value, np.ndarray) else value


def _tensor(array: np.ndarray[Any, Any], name: str) -> onnx.TensorProto:
    from onnx import TensorProto, numpy_helper

    if array.dtype.kind in "OU":
        # Not by onnx's own helper: it looks at every word again, and tables have thousands.
        words = [str(word).encode() for word in array.ravel().tolist()]
        return TensorProto(
            name=name, data_type=TensorProto.STRING, dims=array.shape, string_data=words
        )
    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
