"""Model cards: what a model is, how good it is and where not, on one page."""

from trialbook.lifecycle.card._card import Asked, ModelCard, card_ending, make_card

__all__ = ["Asked", "ModelCard", "card_ending", "make_card"]
