"""Accounts: who may do what. For admins."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import records
from dashboard.components import fragments, names, tables
from dashboard.components.forms import Form, code_names
from dashboard.text import Words
from geodata.records import accounts


def show_accounts(words: Words) -> None:
    """The accounts, and the form that gives one its role; only for admins."""
    run = records.current()
    if not run.access.is_at_least("admin"):
        st.html(fragments.paragraph(words.say("Only administrators see the accounts.")))
        return
    rows = run.read(accounts.accounts, without=pd.DataFrame())
    if rows.empty:
        st.html(fragments.paragraph(words.say("Nobody has an account yet. An account is made when somebody signs in.")))
        return
    known = names.organisation_names()
    table = pd.DataFrame(
        {
            words.say("Name"): rows["label"],
            words.say("Access role"): [words.label("role", one) for one in rows["role"]],
            words.say("Organisation"): [known.get(one, "") for one in rows["organisation_id"]],
            words.say("Active"): [words.say("yes") if one else words.say("no") for one in rows["is_active"]],
            words.say("Signs in with"): rows["issuer"],
            words.say("Since"): [at.date() for at in rows["recorded_at"]],
        }
    )
    tables.show_table(table, rows=len(table), about=words.say("Accounts"), key="accounts")
    others = rows[rows["account_id"] != run.access.actor.account_id]
    if len(others):
        _show_form(dict(zip(others["account_id"], others["label"], strict=True)), known, words)


def _show_form(others: dict[str, str], organisations: dict[str, str], words: Words) -> None:
    form = Form("grant", "all", words)
    with form.frame():
        form.choice("account_id", words.say("Account"), others)
        form.choice("role", words.say("Access role"), code_names("role", words))
        form.choice("organisation_id", words.say("Organisation that an editor writes for"), organisations)
        form.choice("is_active", words.say("Active"), {"yes": words.say("yes"), "no": words.say("no")}, must=True)
        form.submit(
            words.say("Give these rights"),
            lambda engine, actor, values, _: accounts.grant(
                engine,
                actor,
                values["account_id"],
                role=values["role"],
                organisation_id=values["organisation_id"],
                is_active=values["is_active"] == "yes",
            ),
            said=words.say("The rights are changed."),
            required=("account_id", "role"),
        )
