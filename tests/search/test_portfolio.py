"""Order and numbers of the first configurations."""

from __future__ import annotations

import itertools

import pytest


