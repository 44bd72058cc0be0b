"""Free text becomes features: n-grams, words, or a few topics of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialbook._languages import ACCENTS_OPTIONAL, SPACELESS
from trialbook.orders import Orders
from trialbook.program._builder import Builder, step
from trialbook.program._code import Code, call
from trialbook.program._needs import Preprocessing

# Thirty topics are skrub's own default; more cost time and rarely help trees.
TOPICS = 30
# Words and pairs of words as sparse columns.
MAX_NGRAMS = 20_000
# Where there may be no topics, so many words stand in a dense table.
DENSE_WORDS = 200
# Characters in a row that stand for words where no spaces tell these apart: most Chinese words are
# one or two characters long, Thai and Japanese ones are found by pieces of three.
CHARACTERS = (1, 3)

_PAIRS: Mapping[str, Any] = {"ngram_range": (1, 2)}


def add_text(build: Builder, name: str, needs: Preprocessing) -> None:
    """Add the step for a column of free text."""
    if needs.text == "topics":
        steps = _topics(build, name, needs)
    elif needs.text == "ngrams":
        steps = _vectorizer(build, name, prefer="tfidf", most=MAX_NGRAMS)
    else:
        steps = _vectorizer(build, name, prefer="words", most=needs.n_words)
    build.steps.append(step(f"text_{len(build.steps)}", steps, name))


def _topics(build: Builder, name: str, needs: Preprocessing) -> Code:
    orders = build.orders
    if not orders.allows("topics"):
        return _vectorizer(build, name, prefer="tfidf", most=DENSE_WORDS)
    size = orders.of("topics", name).get("n_components", TOPICS)
    if orders.allows("tfidf") and not _asked(orders, "tfidf", name):
        build.use("from skrub import StringEncoder")
        options = {"n_components": size, "vectorizer": "tfidf", "analyzer": "word"}
        seed = {"random_state": Code("SEED")}
        encoder = call("StringEncoder", **options, **_PAIRS, **seed)
        return build.pipeline(encoder, build.scaler(needs.numeric))
    # skrub's encoder knows few options of its vectorizer, and no counts.
    words = _vectorizer(build, name, prefer="tfidf", most=MAX_NGRAMS)
    topics = build.transformer("Topics", n_components=size, random_state=Code("SEED"))
    return build.pipeline(words, topics, build.scaler(needs.numeric))


def _vectorizer(build: Builder, name: str, *, prefer: str, most: int) -> Code:
    """TF-IDF or counts of at most so many words, whichever is preferred and not blocked."""
    other = "words" if prefer == "tfidf" else "tfidf"
    kind = prefer if build.orders.allows(prefer) else other
    vectorizer = "TfidfVectorizer" if kind == "tfidf" else "CountVectorizer"
    build.use(f"from sklearn.feature_extraction.text import {vectorizer}")
    # Repeating a word hardly makes a text more about it.
    usual = {"sublinear_tf": True} if kind == "tfidf" else {"binary": True}
    options = {**_PAIRS, "max_features": most, **usual, **_asked(build.orders, kind, name)}
    if isinstance(options.get("stop_words"), list):
        options["stop_words"] = Code(build.constant("STOP_WORDS", options["stop_words"]))
    return build.pipeline(build.as_text(), call(vectorizer, **options))


def _asked(orders: Orders, kind: str, name: str) -> dict[str, Any]:
    """Options that the language and a person ask of a vectorizer."""
    options: dict[str, Any] = {}
    if orders.language in SPACELESS:
        options = {"analyzer": "char", "ngram_range": CHARACTERS}
    elif orders.language in ACCENTS_OPTIONAL:
        options = {"strip_accents": "unicode"}
    return options | orders.of(kind, name)
