"""Who cooperates with whom, who pays, who could pair, who was trained, who travelled, who is interested in what."""

from __future__ import annotations

from dashboard import state
from dashboard.components import account, page, partnership_panel

choice = state.read_choice("partnerships")
words = choice.words
page.open_page(choice)

page.show_title(
    words.say("Partnerships and funding"),
    words.say("Cooperation between French and Brazilian local authorities"),
    words,
)
account.show_demonstration_offer(words)
partnership_panel.show_part(choice, words)
page.close_page(words)
