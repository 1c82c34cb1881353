"""The `mosaicos` command. An edge: errors become one sentence and exit status 2."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from geodata.errors import MosaicosError
from geodata.paths import published_folder
from geodata.settings import DEMONSTRATION_VARIABLE, PROXIES_VARIABLE
from pipelines import cli_archive, cli_check, cli_exchange, cli_persons
from pipelines.cli_export import export
from pipelines.cli_records import opened
from pipelines.terminal import show

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

BAD_INPUT = 2
INPUTS_VARIABLE = "MOSAICOS_INPUTS"


class Commands(click.Group):
    """A group whose commands turn the project's errors into one line on stderr and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MosaicosError as error:
            _fail(str(error))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)


@click.group(cls=Commands)
@click.version_option(package_name="mosaicos")
def main() -> None:
    """Maps and records for cooperation around mosaics of protected areas."""


inputs_option = click.option(
    "--inputs",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=INPUTS_VARIABLE,
    help=f"Folder with the raw files. Without it they are downloaded, which only some can be. [env: {INPUTS_VARIABLE}]",
)


@main.command()
@inputs_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the bundle to replace.")
@click.option("--jobs", type=click.IntRange(min=1), help="Threads for the overlays; all processors by default.")
@click.option("--accept-changed", multiple=True, metavar="SOURCE", help="Use this source though its file changed.")
def build(folder: Path | None, out: Path | None, jobs: int | None, accept_changed: tuple[str, ...]) -> None:
    """Rebuild the published bundle from the raw files and the curated facts."""
    from geodata.errors import UnknownIdError  # noqa: PLC0415
    from geodata.search import nearest  # noqa: PLC0415
    from pipelines.build import build  # noqa: PLC0415
    from pipelines.raw import Inputs  # noqa: PLC0415
    from pipelines.sources import SOURCES  # noqa: PLC0415

    for source_id in accept_changed:
        if source_id not in SOURCES:
            raise UnknownIdError("source", source_id, nearest(source_id, SOURCES))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<16}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show_step(step: str, done: int, whole: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step)
            bars.update(tasks[step], completed=done, total=whole)

        target = out or published_folder()
        built = build(Inputs(folder, frozenset(accept_changed)), target, jobs=jobs, progress=show_step)

    grid = Grid("step", "source", "in", "kept", "dropped", "corrected", title="Rows")
    for tally in built.log.tallies:
        counts = (tally.rows_in, tally.kept, len(tally.dropped), tally.corrected)
        grid.add_row(tally.step, tally.source_id, *(f"{count:,}" for count in counts))
    console.print(grid)
    for tally in built.log.tallies:
        for id_, reason in tally.dropped.items():
            show(f"dropped from {tally.source_id}: {id_}: {reason}", err=True)
    rows = ", ".join(f"{name} {one['rows']:,}" for name, one in built.manifest["tables"].items())
    size = sum(one["bytes"] for kind in ("tables", "display") for one in built.manifest[kind].values()) / 1e6
    show(f"Published at {target}: {rows}; {size:.1f} MB.", err=True)
    show(f"{sum(built.seconds.values()):.1f} s in all, {built.peak_mb:,.0f} MB of memory at the peak.", err=True)


@main.command()
@inputs_option
def sources(folder: Path | None) -> None:
    """List every declared source and the state of its file."""
    from pipelines.raw import Inputs  # noqa: PLC0415
    from pipelines.sources import SOURCES  # noqa: PLC0415

    inputs = Inputs(folder)
    for source in SOURCES.values():
        show(source.id, bold=True, nl=False)
        show("", source.title)
        for what, text in (
            ("producer", source.producer),
            ("intermediary", source.intermediary or "none"),
            ("vintage", source.vintage),
            ("licence", source.licence),
            ("citation", source.citation),
            ("file", f"{source.path or 'curated'} ({inputs.state_of(source)})"),
        ):
            show(f"    {what + ':':<14}{text}")


@main.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Folder of the bundle.")
def check(folder: Path | None) -> None:
    """Prove the published tables against their contracts."""
    from geodata.contracts import check_tables  # noqa: PLC0415
    from geodata.store import load_manifest, load_table  # noqa: PLC0415
    from geodata.tables import TABLES  # noqa: PLC0415
    from pipelines.publish import check_files  # noqa: PLC0415

    folder = folder or published_folder()
    manifest = load_manifest(folder)
    check_files(folder, manifest)
    frames = {name: load_table(name, folder) for name in TABLES}
    check_tables(frames)
    for name, frame in frames.items():
        show(f"{name:<18}{len(frame):>7,} rows  as its contract says")
    broken = frames["quality"][frames["quality"]["state"] == "broken"]
    show(f"{len(frames['quality'])} quality rows, {len(broken)} bounds broken")
    if len(broken):
        sys.exit(1)


@main.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path("docs"), show_default=True
)
def docs(out: Path) -> None:
    """Render DATA.md and QUALITY.md from the published tables."""
    from geodata.export.files import write_stream  # noqa: PLC0415
    from geodata.store import load_manifest, load_table  # noqa: PLC0415
    from pipelines.docs import data_page, quality_page  # noqa: PLC0415

    tables = {name: load_table(name) for name in ("source", "correction", "quality")}
    write_stream(out / "DATA.md", [data_page(tables, load_manifest()).encode()])
    write_stream(out / "QUALITY.md", [quality_page(tables["quality"]).encode()])


main.add_command(export)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--demo", is_flag=True, help="Show the demonstration records: synthetic, and marked so everywhere.")
@click.option("--new-token", is_flag=True, help="End all addresses and cookies that signed somebody in before.")
@click.option("--no-local-admin", is_flag=True, help="Sign nobody in by address: everybody without a provider reads.")
@click.option("--open", "opens", is_flag=True, help="Open the address that signs in, in a browser.")
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy whose X-Forwarded headers are read: an address or a network. May be repeated.",
)
def serve(
    host: str, port: int, demo: bool, new_token: bool, no_local_admin: bool, opens: bool, proxies: tuple[str, ...]
) -> None:
    """Start the dashboard. Whoever opens the address with the server's token may enter records."""
    if demo:
        os.environ[DEMONSTRATION_VARIABLE] = "1"
    if proxies:
        os.environ[PROXIES_VARIABLE] = ",".join(proxies)
    flags = {"--new-token": new_token, "--no-local-admin": no_local_admin, "--open": opens}
    command = [sys.executable, "-m", "dashboard.server", "--host", host, "--port", str(port)]
    command += [name for name, is_set in flags.items() if is_set]
    os.execv(sys.executable, command)  # noqa: S606 - our own module, arguments checked above


@main.command()
def url() -> None:
    """Print the address that signs in at the running server: whoever opens it may enter records."""
    from geodata.records.server_token import read_token, running_addresses, sign_in_address, token_file  # noqa: PLC0415

    path = token_file()
    token = read_token(path)
    addresses = running_addresses(path)
    if token is None or not addresses:
        show("No server runs on these records. Start one with: mosaicos serve", err=True)
        sys.exit(1)
    for address in addresses:
        show(sign_in_address(address, token))


@main.group()
def records() -> None:
    """The programme's own records: events, needs, missions."""


@records.command()
def upgrade() -> None:
    """Make the database of records, or bring its tables up to date; nothing that it holds is lost."""
    from geodata.records.database import database_url, open_engine, upgrade  # noqa: PLC0415

    engine = open_engine(create=True)
    upgrade(engine)
    engine.dispose()
    show(f"The records are at {database_url().render_as_string()}, up to date.")


@records.command()
@click.option("--seed", type=int, default=2007, show_default=True, help="Same seed and day, same records.")
def demo(seed: int) -> None:
    """Fill a database of its own with synthetic records over real links."""
    from geodata.records.database import database_url, open_engine, upgrade  # noqa: PLC0415
    from geodata.records.demo import load_demo  # noqa: PLC0415

    url = database_url(is_demonstration=True)
    engine = open_engine(url, create=True)
    upgrade(engine, is_demonstration=True)
    made = ", ".join(f"{count:,} {what}" for what, count in load_demo(engine, seed=seed).items())
    engine.dispose()
    show(f"Synthetic records at {url.render_as_string()}: {made}. None is real.")


@records.command()
@click.argument("account")
@click.argument("role")
@click.option("--organisation", metavar="ID", help="The organisation that an editor writes for.")
def grant(account: str, role: str, organisation: str | None) -> None:
    """Give ACCOUNT (its id or label; it exists once its person has signed in) a ROLE: so comes the first admin."""
    from geodata.records import accounts  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415

    with opened() as engine:
        accounts.grant(engine, SYSTEM, _account_id(engine, account), role=role, organisation_id=organisation)
    show(f"{account} is {role} now.")


@records.command()
@click.argument("account")
@click.option("--days", type=int, default=90, show_default=True, help="How long it is good, 366 at the most.")
@click.option("--label", default="API", show_default=True, help="What it is for.")
def token(account: str, days: int, label: str) -> None:
    """Make a token with which a program reads from the API what ACCOUNT (its id or label) may see."""
    from geodata.records.roles import SYSTEM  # noqa: PLC0415
    from geodata.records.tokens import create_token  # noqa: PLC0415

    with opened() as engine:
        made = create_token(engine, SYSTEM, _account_id(engine, account), label=label, days=days)
    show(f"Token {made.token_id} of {account}, good until {made.expires_at:%Y-%m-%d}. It is shown once:", err=True)
    show(made.secret)


@records.command()
def tokens() -> None:
    """List the tokens: id, account, what for, until when, and whether revoked."""
    import pandas as pd  # noqa: PLC0415

    from geodata.records.roles import SYSTEM  # noqa: PLC0415
    from geodata.records.tokens import tokens  # noqa: PLC0415

    with opened() as engine:
        listed = tokens(engine, SYSTEM)
    for one in listed.itertuples():
        end = f"until {one.expires_at:%Y-%m-%d}" if pd.isna(one.revoked_at) else "revoked"
        show(one.token_id, end, one.account, one.label)


@records.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Revoke the token of that id (see `tokens`)."""
    from geodata.records.roles import SYSTEM  # noqa: PLC0415
    from geodata.records.tokens import revoke_token  # noqa: PLC0415

    with opened() as engine:
        was_good = revoke_token(engine, SYSTEM, token_id)
    show("Revoked." if was_good else "It was revoked already.")


for command in (*cli_exchange.COMMANDS, *cli_archive.COMMANDS, *cli_check.COMMANDS, *cli_persons.COMMANDS):
    records.add_command(command)


def _account_id(engine: Engine, account: str) -> str:
    """The id of an account that is named by its id or label."""
    from geodata.errors import UnknownIdError  # noqa: PLC0415
    from geodata.records.accounts import accounts  # noqa: PLC0415
    from geodata.records.roles import SYSTEM  # noqa: PLC0415
    from geodata.search import nearest  # noqa: PLC0415

    known = accounts(engine, SYSTEM)
    found = known.loc[(known["account_id"] == account) | (known["label"] == account), "account_id"]
    if len(found) != 1:
        raise UnknownIdError("account", account, nearest(account, known["label"]))
    return str(found.iloc[0])


def _fail(message: str) -> NoReturn:
    show(f"mosaicos: {message}", err=True)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
