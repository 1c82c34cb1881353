"""The ten points of March 2007: what each says, who is named, and what became of it."""

from __future__ import annotations

from dashboard import state
from dashboard.components import account, page, points_panel

choice = state.read_choice("points")
words = choice.words
page.open_page(choice)

page.show_title(
    words.say("The ten points of March 2007"),
    words.say("What CNM and CUF agreed, retold in our own words, and what became of it"),
    words,
)
account.show_demonstration_offer(words)
points_panel.show_points(choice.point, words)
page.close_page(words)
