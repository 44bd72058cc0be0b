"""Transformers of dates: what fills them, and their places in the calendar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trialbook.models.onnx.graph import DOUBLE, INT64, Graph, doubles
from trialbook.models.onnx.transformers._blocks import (
    MISSING_TIME,
    Block,
    Kind,
    Piece,
    refuse,
    single,
    singles,
    whole,
)

_DAY = 86_400_000_000_000
# What a day has of each, in nanoseconds, and how many of them the next larger one has.
_CLOCK = {
    "hour": (3_600_000_000_000, 24),
    "minute": (60_000_000_000, 60),
    "second": (1_000_000_000, 60),
    "microsecond": (1000, 1_000_000),
    "nanosecond": (1, 1000),
}
# Arguments of `pandas.to_datetime` after which `feeds` and the program read the same.
_PARSING = {"format", "utc", "errors"}


def times(graph: Graph, transformer: Any, block: Block) -> Block:
    """``pd.to_datetime``: what was fed is parsed already."""
    _check_parsing(transformer, transformer.kw_args or {})
    if any(piece.kind is not Kind.TIME for piece in block):
        refuse("to_datetime", "it parses what is no column of dates in the schema")
    return block


def _check_parsing(step: Any, options: dict[str, Any]) -> None:
    if set(options) - _PARSING or options.get("errors") != "coerce":
        refuse(step, f"dates are parsed by {options}")


def date_imputer(graph: Graph, transformer: Any, block: Block) -> Block:
    """DateImputer: each column's own date where one is missing."""
    _check_parsing(transformer, transformer.parsing or {})
    made: Block = []
    for piece, date in zip(singles(graph, block), transformer.dates_.values(), strict=True):
        if piece.kind is not Kind.TIME:
            refuse(transformer, "it parses what is no column of dates in the schema")
        value = MISSING_TIME if date != date else int(date.as_unit("ns").value)
        missing = graph.add("Equal", piece.tensor, whole(graph, MISSING_TIME))
        filled = graph.add("Where", missing, whole(graph, value), piece.tensor)
        made.append(Piece(filled, Kind.TIME))
    return made


def datetime_encoder(graph: Graph, transformer: Any, block: Block) -> Block:
    """DatetimeEncoder of skrub: parts of the calendar in float32, circles in float64."""
    if len(block) != 1 or block[0].kind is not Kind.TIME or block[0].width != 1:
        refuse(transformer, "it gets no single column of dates")
    missing = graph.add("Equal", block[0].tensor, whole(graph, MISSING_TIME))
    known = graph.add("Where", missing, whole(graph, 0), block[0].tensor)
    calendar = _Calendar(graph, known)
    flat: Block = []
    round_: Block = []
    for name in transformer.extracted_features_:
        number = calendar.feature(name)
        encoder = transformer._periodic_encoders.get(name)
        if encoder is None:
            flat.append(_masked(graph, single(graph, number), missing))
        elif type(encoder).__name__ == "_CircularEncoder":
            angle = graph.add("Div", number.tensor, doubles(graph, encoder.period))
            angle = graph.add("Mul", graph.add("Mul", angle, doubles(graph, 2)), _pi(graph))
            for op in ("Sin", "Cos"):
                made = Piece(graph.add(op, angle), Kind.DOUBLE)
                round_.append(_masked(graph, made, missing))
        else:
            refuse(transformer, "it encodes by splines")
    return flat + round_


def _pi(graph: Graph) -> str:
    return doubles(graph, np.pi)


def _masked(graph: Graph, piece: Piece, missing: str) -> Piece:
    dtype = np.float32 if piece.kind is Kind.SINGLE else np.float64
    nothing = graph.constant(np.array(np.nan, dtype=dtype))
    return Piece(graph.add("Where", missing, nothing, piece.tensor), piece.kind)


class _Calendar:
    """Parts of dates from nanoseconds since 1970, by integer arithmetic.

    The civil calendar is Howard Hinnant's ``civil_from_days``
    (https://howardhinnant.github.io/date_algorithms.html), which counts years from March.
    """

    def __init__(self, graph: Graph, nanoseconds: str) -> None:
        self.graph = graph
        self.nanoseconds = nanoseconds
        self._made: dict[str, str] = {}

    def feature(self, name: str) -> Piece:
        """A feature of skrub's encoder, in float64."""
        graph = self.graph
        if name == "total_seconds":
            exact = graph.add("Cast", self.nanoseconds, to=DOUBLE)
            return Piece(graph.add("Div", exact, doubles(graph, 1e9)), Kind.DOUBLE)
        part = self.part(name)
        return Piece(graph.add("Cast", part, to=DOUBLE), Kind.DOUBLE)

    def part(self, name: str) -> str:
        """A part in whole numbers, calculated once."""
        if name not in self._made:
            if name in _CLOCK:
                size, most = _CLOCK[name]
                self._made[name] = self._mod(self._floor(self.nanoseconds, size), most)
            else:
                known: dict[str, Callable[[], str]] = {
                    "days": lambda: self._floor(self.nanoseconds, _DAY),
                    # 1970-01-01 was a Thursday, and Monday is 1.
                    "weekday": lambda: self._plus(
                        self._mod(self._plus(self.part("days"), 3), 7), 1
                    ),
                    "year": lambda: self._civil()[0],
                    "month": lambda: self._civil()[1],
                    "day": lambda: self._civil()[2],
                    "day_of_year": self._day_of_year,
                }
                if name not in known:
                    refuse("DatetimeEncoder", f"it tells the {name}")
                self._made[name] = known[name]()
        return self._made[name]

    def _civil(self) -> tuple[str, str, str]:
        # Days since 0000-03-01 are positive, so that division rounds down.
        days = self._plus(self.part("days"), 719_468)
        era = self._over(days, 146_097)
        in_era = self._minus(days, self._times(era, 146_097))
        leaps = self._minus(
            self._plus_both(
                self._minus(in_era, self._over(in_era, 1460)), self._over(in_era, 36_524)
            ),
            self._over(in_era, 146_096),
        )
        year_of_era = self._over(leaps, 365)
        before = self._minus(
            self._plus_both(self._times(year_of_era, 365), self._over(year_of_era, 4)),
            self._over(year_of_era, 100),
        )
        in_year = self._minus(in_era, before)
        shifted = self._over(self._plus(self._times(in_year, 5), 2), 153)
        start = self._over(self._plus(self._times(shifted, 153), 2), 5)
        day = self._plus(self._minus(in_year, start), 1)
        late = self._graph_less(shifted, 10)
        month = self.graph.add("Where", late, self._plus(shifted, 3), self._plus(shifted, -9))
        year = self._plus_both(year_of_era, self._times(era, 400))
        early = self.graph.add("Cast", self._graph_less(month, 3), to=INT64)
        made = self._plus_both(year, early), month, day
        self._made |= dict(zip(("year", "month", "day"), made, strict=True))
        return made

    def _day_of_year(self) -> str:
        year, month, day = (self.part(name) for name in ("year", "month", "day"))
        before = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
        start = self.graph.add("Gather", self.graph.constant(before), month, axis=0)
        ordinary = self._plus_both(start, day)
        fourth, hundredth, fourhundredth = (
            self.graph.add("Equal", self._mod(year, n), whole(self.graph, 0))
            for n in (4, 100, 400)
        )
        century = self.graph.add("Or", self.graph.add("Not", hundredth), fourhundredth)
        leap = self.graph.add("And", fourth, century)
        after = self.graph.add("Not", self._graph_less(month, 3))
        extra = self.graph.add("Cast", self.graph.add("And", leap, after), to=INT64)
        return self._plus_both(ordinary, extra)

    def _graph_less(self, x: str, bound: int) -> str:
        return self.graph.add("Less", x, whole(self.graph, bound))

    def _plus(self, x: str, by: int) -> str:
        return self.graph.add("Add", x, whole(self.graph, by))

    def _plus_both(self, a: str, b: str) -> str:
        return self.graph.add("Add", a, b)

    def _minus(self, a: str, b: str) -> str:
        return self.graph.add("Sub", a, b)

    def _times(self, x: str, by: int) -> str:
        return self.graph.add("Mul", x, whole(self.graph, by))

    def _over(self, x: str, by: int) -> str:
        return self.graph.add("Div", x, whole(self.graph, by))

    def _mod(self, x: str, by: int) -> str:
        return self.graph.add("Mod", x, whole(self.graph, by))

    def _floor(self, x: str, by: int) -> str:
        """Division that rounds down, for numbers below 0, too."""
        return self._over(self._minus(x, self._mod(x, by)), by)
