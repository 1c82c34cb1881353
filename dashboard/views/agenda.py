"""The agenda: a month at a glance, the list, the map, and a calendar to take along or to subscribe to."""

from __future__ import annotations

from dashboard import state
from dashboard.components import account, agenda_panel, page

choice = state.read_choice("agenda")
words = choice.words
page.open_page(choice)

page.show_title(words.say("Agenda"), words.say("Meetings, visits and trainings, past and to come"), words)
account.show_demonstration_offer(words)
agenda_panel.show_agenda(words)
page.close_page(words)
