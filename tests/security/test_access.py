"""Who is taken for the local administrator: the holder of the token alone, whatever stands between."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import connect

from geodata.records.server_token import create_token

from .serving import (
    LIMIT_S,
    SECRET_NAME,
    Nginx,
    Served,
    fill_with_a_secret,
    open_session,
    run_nginx,
    run_page,
    serve,
)

HEADERS_OF_PROXIES = (
    {},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "http"},
    {"X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
)


@pytest.fixture(scope="module")
def nginx(served: Served, nginx_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """Nginx as it comes, with the host passed on, and with all headers of a proxy."""
    whole = (
        "proxy_set_header Host $host:$server_port; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
        "proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host:$server_port;"
    )
    servers = {"bare": "", "host": "proxy_set_header Host $http_host;", "whole": whole}
    with run_nginx(nginx_path, tmp_path_factory.mktemp("nginx"), served.port, servers) as found:
        yield found


@pytest.mark.parametrize("way", ["direct", "bare", "host", "whole"])
def test_no_header_that_a_client_may_choose_makes_it_local(served: Served, nginx: Nginx, way: str) -> None:
    address = served.address if way == "direct" else nginx.address(way)
    own = urlsplit(address).netloc
    hosts = (None, "localhost", "127.0.0.1", own, f"localhost:{served.port}", f"127.0.0.1:{served.port}", "example.org")
    seen = set()
    for host, more in itertools.product(hosts, HEADERS_OF_PROXIES):
        for origin in (None, "http://localhost", f"http://{host or own}", f"http://127.0.0.1:{served.port}"):
            found = open_session(address, origin=origin, host=host, headers=more)
            assert found.status == 403 or found.is_visitor, (host, origin, more)
            seen.add(found.status)
    assert seen == {101, 403}, "some are visitors, and pages of other origins are refused"


def test_the_holder_of_the_token_is_local_directly_and_through_a_proxy(served: Served, nginx: Nginx) -> None:
    for address in (served.address, nginx.address("host"), nginx.address("whole")):
        cookie = {"Cookie": served.cookie(address)}
        assert open_session(address, origin=address, headers=cookie).is_local
        assert SECRET_NAME in open_session(address, page="persons", origin=address, headers=cookie).text
        assert open_session(address, headers=cookie).is_visitor, "a program does not say which page asks"
        other = f"http://127.0.0.1:{served.port + 1}"
        assert open_session(address, origin=other, headers=cookie).status == 403


def test_the_bytes_of_a_page_are_a_visitors_without_the_token(served: Served, nginx: Nginx) -> None:
    pages = {
        re.sub(r"http://[\w.:-]+", "", httpx.get(f"{address}/", headers=headers, timeout=LIMIT_S).text)
        for address in (served.address, *(nginx.address(name) for name in nginx.ports))
        for headers in ({}, {"Host": "localhost"}, {"Sec-Fetch-Site": "same-origin"})
    }
    assert len(pages) == 1


def test_the_address_with_the_token_leads_to_a_clean_one_with_a_private_cookie(served: Served) -> None:
    token = served.sign_in.rpartition("=")[2]
    found = httpx.get(f"{served.address}/records?lang=fr&token={token}", timeout=LIMIT_S)
    assert (found.status_code, found.headers["location"]) == (303, "/records?lang=fr")
    assert found.headers["cache-control"] == "no-store"
    cookie = found.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert token not in cookie


def test_a_wrong_token_is_refused_in_the_readers_language(served: Served) -> None:
    for language, said in (("fr", "Cette adresse n’est plus valable"), ("pt-BR", "Este endereço não é mais válido")):
        found = httpx.get(f"{served.address}/?token=x", headers={"Accept-Language": language}, timeout=LIMIT_S)
        assert (found.status_code, "set-cookie" in found.headers) == (403, False)
        assert said in found.text


def test_no_path_with_the_token_leads_to_another_host(served: Served) -> None:
    token = served.sign_in.rpartition("=")[2]
    for path in ("//example.org/", "/%2f/example.org", "/%5cexample.org", "///example.org"):
        found = httpx.get(f"{served.address}{path}?token={token}", timeout=LIMIT_S)
        location = found.headers.get("location", "/")
        assert location.startswith("/"), location
        assert not location.startswith(("//", "/\\")), location


def test_the_token_stands_in_no_output_page_feed_or_shared_address(served: Served) -> None:
    token = served.sign_in.rpartition("=")[2]
    cookie = {"Cookie": served.cookie()}
    value = cookie["Cookie"].partition("=")[2]
    texts = [served.output.read_text()]
    for page in ("", "records", "persons", "quality", "agenda"):
        texts.append(open_session(served.address, page=page, origin=served.address, headers=cookie).text)
    for path in ("/", "/agenda", "/api/agenda.ics", "/api/embed", "/?embed=true", "/api/"):
        texts.append(httpx.get(f"{served.address}{path}", headers=cookie, timeout=LIMIT_S).text)
    assert "mosaicos url" in texts[0]
    for text in texts:
        assert token not in text
        assert value not in text


def test_an_embedded_session_is_a_visitors_whoever_looks_at_it(served: Served) -> None:
    cookie = {"Cookie": served.cookie()}
    embedded = "lang=en&embed=true"
    for page in ("", "persons", "records"):
        found = open_session(
            served.address, page=page, query=embedded, origin=served.address, headers=cookie, is_embedded=True
        )
        assert not found.is_local
        assert SECRET_NAME not in found.text
    public = httpx.get(f"{served.address}/?embed=true", timeout=LIMIT_S).content
    assert httpx.get(f"{served.address}/?embed=true", headers=cookie, timeout=LIMIT_S).content == public


def test_url_prints_the_address_of_the_running_server(served: Served) -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", "url"],
        env={**os.environ, "MOSAICOS_DATABASE_URL": f"sqlite:///{served.records}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == served.sign_in


def test_a_new_token_ends_what_signed_in_before_in_a_running_server_too(tmp_path: Path) -> None:
    with serve(tmp_path / "one") as first:
        old, old_cookie = first.sign_in, {"Cookie": first.cookie()}
        assert open_session(first.address, origin=first.address, headers=old_cookie).is_local
        with serve(tmp_path / "two", records=first.records, arguments=["--new-token"]) as second:
            assert second.sign_in.rpartition("=")[2] != old.rpartition("=")[2]
            assert open_session(first.address, origin=first.address, headers=old_cookie).is_visitor
            assert httpx.get(old, timeout=LIMIT_S).status_code == 403
            renewed = {"Cookie": first.cookie()}
            assert open_session(second.address, origin=second.address, headers=renewed).is_local


def test_without_a_local_administrator_no_token_signs_in(tmp_path: Path) -> None:
    with serve(tmp_path, arguments=["--no-local-admin"]) as found:
        assert not found.token_file.exists()
        assert httpx.get(f"{found.address}/?token=", timeout=LIMIT_S).status_code in {200, 403}
        session = open_session(found.address, origin=found.address)
        assert session.is_visitor
        assert "It signs nobody in" in session.text


def test_another_user_of_the_machine_is_a_visitor_and_cannot_read_the_token(
    second_user: list[str], world_readable_folder: Path
) -> None:
    with serve(world_readable_folder) as found:
        read = subprocess.run([*second_user, "cat", found.token_file], capture_output=True, text=True, check=False)
        assert read.returncode != 0
        assert "Permission denied" in read.stderr
        there = [*second_user, "ls", world_readable_folder]
        assert subprocess.run(there, capture_output=True, text=True, check=True).stdout
        fetch = (
            "import urllib.request, sys; "
            f"sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout={LIMIT_S}).read())"
        )
        theirs = subprocess.run(
            [*second_user, "/usr/bin/python3", "-c", fetch, f"{found.address}/"], capture_output=True, check=True
        )
        assert theirs.stdout == httpx.get(f"{found.address}/", headers={"Accept-Encoding": ""}, timeout=LIMIT_S).content


def test_a_trusted_proxy_says_who_the_client_is_and_nobody_else_does(
    tmp_path: Path, nginx_path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = (
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https; "
        "proxy_set_header X-Forwarded-Host mosaicos.example.org;"
    )
    with serve(tmp_path, MOSAICOS_TRUSTED_PROXIES="127.0.0.1") as found:
        folder = tmp_path_factory.mktemp("nginx")
        with run_nginx(nginx_path, folder, found.port, {"public": lines}) as proxy:
            address = proxy.address("public")
            links = httpx.get(f"{address}/api/", headers={"Accept": "application/json"}, timeout=LIMIT_S).json()[
                "links"
            ]
            assert {urlsplit(link["href"]).netloc for link in links} == {"mosaicos.example.org"}
            assert {urlsplit(link["href"]).scheme for link in links} == {"https"}
            assert open_session(address, origin="https://mosaicos.example.org").is_visitor
            for other in ("http://mosaicos.example.org", "https://mosaicos.example.org:8443", address, "null"):
                assert open_session(address, origin=other).status == 403, other
            token = found.sign_in.rpartition("=")[2]
            given = httpx.get(f"{address}/?token={token}", timeout=LIMIT_S)
            assert "Secure" in given.headers["set-cookie"]


@pytest.mark.parametrize("how", ["the token ended", "another came back to the session"])
def test_a_part_of_an_open_page_asks_anew_who_acts(tmp_path: Path, how: str) -> None:
    records = tmp_path / "records.sqlite"
    fill_with_a_secret(records)
    inside, place = "Who wrote what", {"page": "territory", "query": "lang=en&territory=BR-1600501"}
    with serve(tmp_path / "server", records=records) as served:
        target = f"{served.address.replace('http', 'ws', 1)}/_stcore/stream"
        cookie = {"Cookie": served.cookie()}

        def opened(*protocols: str, headers: dict[str, str]) -> connect:
            return connect(
                target,
                origin=served.address,
                additional_headers=headers,
                subprotocols=["streamlit", *protocols],
                max_size=None,
                proxy=None,
            )

        with opened(headers=cookie) as tab:
            came = run_page(tab, **place)
            session, *_ = [one.new_session.initialize.session_id for one in came if one.HasField("new_session")]
            part, *_ = [one.delta.fragment_id for one in came if one.HasField("delta") and one.delta.fragment_id]
            assert inside in str(came)
            assert inside in str(run_page(tab, part=part, **place))
            if how == "the token ended":
                create_token(served.token_file)
                assert inside not in str(run_page(tab, part=part, **place))
                return
        with opened("x", session, headers={}) as tab:
            came = run_page(tab, part=part, **place)
            assert session in str(came)
            assert inside not in str(came)
