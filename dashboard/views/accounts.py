"""Accounts and their rights."""

from __future__ import annotations

from dashboard import state
from dashboard.components import accounts_panel, page

choice = state.read_choice("accounts")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Accounts"), words.say("Who may do what"), words)
accounts_panel.show_accounts(words)
page.close_page(words)
