"""One state, intercommunal body or country: its municipalities rolled up, beside the others of its kind."""

from __future__ import annotations

from dashboard import state
from dashboard.components import account, page, region_page

choice = state.read_choice("region")
words = choice.words
page.open_page(choice)

page.show_title(
    words.say("States and countries"), words.say("Brazil by state, French Guiana by intercommunal body"), words
)
account.show_demonstration_offer(words)
region_page.show_choice(choice.region_id, words)
if choice.region_id is None:
    region_page.show_overview(words)
else:
    region_page.show_region(choice.region_id, words)
page.close_page(words)
