"""Named persons: who may be reached, until when, and how they are forgotten."""

from __future__ import annotations

from dashboard import state
from dashboard.components import page, persons_panel

choice = state.read_choice("persons")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Persons"), words.say("Kept apart, for a time, and forgotten on request"), words)
persons_panel.show_persons(words)
page.close_page(words)
