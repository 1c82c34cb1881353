"""The ground: commands, checks, pinned versions, licences and the documents that speak of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
import yaml

from pipelines.sources import SOURCES

REQUIREMENT_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
TOOLS = ("bash", "cat", "cksum", "cp", "dirname", "env", "mkdir", "nproc", "rm")

# A stand-in for Python: makes a "virtual environment" that is a copy of itself, and writes down its pip and pytest.
PYTHON = """#!/bin/bash
case "$*" in
  *ensurepip*) exit ${ENSUREPIP_CODE:-0} ;;
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  "-m pip --version") ;;
  "-m pip "*) echo "$*" >>calls; exit ${PIP_CODE:-0} ;;
  "-m pytest"*) echo "$*" >>calls; exit 7 ;;
  --version) echo "Python 3.11.0" ;;
esac
"""


SIDE_BY_SIDE = f"-n {min(len(os.sched_getaffinity(0)), 4)} --dist loadfile --no-loadscope-reorder"
"""How pytest is told to use the cores."""


@pytest.fixture(scope="module")
def pyproject(project_root: Path) -> dict:
    return tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))


def write_tool(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def machine(project_root: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the scripts and a `bin` that holds only the bare tools and stand-ins."""
    project = tmp_path / "project"
    shutil.copytree(project_root / "scripts", project / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (project / "constraints.txt").write_text("click==8.1.0\n", encoding="utf-8")
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path, tool
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / tool).symlink_to(path)
    write_tool(tmp_path / "bin", "id", "#!/bin/bash\necho 1000\n")
    write_tool(tmp_path / "bin", "python3.11", PYTHON)
    return project


def run(project: Path, script: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "scripts" / script, *words],
        env={"PATH": str(project.parent / "bin"), "SBIN": str(project.parent / "bin"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(project: Path) -> list[str]:
    path = project / "calls"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def code_words(text: str, command: str) -> list[list[str]]:
    """The words of every line or inline code of a Markdown text that starts with `command`."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [words for line in lines if (words := shlex.split(line)) and words[0] == command and len(words) > 1]


# --- Makefile, CI ------------------------------------------------------------------------------------------


def make_targets(project_root: Path) -> set[str]:
    makefile = (project_root / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))


def test_make_alone_lists_exactly_the_targets_that_exist(project_root: Path) -> None:
    printed = subprocess.run(["make"], cwd=project_root, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  ([a-z][a-z-]*) +\S", printed, flags=re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", (project_root / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert phony
    assert listed == make_targets(project_root) == set(phony[1].split())
    assert {"help", "dashboard", "test", "check", "build", "bench-pipeline", "clean"} <= listed


def test_ci_checks_first_then_tests(project_root: Path) -> None:
    script = project_root / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("make")] == ["make check", "make test"]
    assert "set -euo pipefail" in lines
    assert os.access(script, os.X_OK)


def test_pre_commit_uses_local_hooks_only(project_root: Path) -> None:
    config = yaml.safe_load((project_root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for repo in config["repos"] for hook in repo["hooks"]} == {"system"}


# --- The virtual environment -------------------------------------------------------------------------------


def test_setup_installs_once_and_again_after_a_change(machine: Path) -> None:
    assert run(machine, "setup.sh").returncode == 0
    assert calls(machine) == ["-m pip install --quiet -c constraints.txt -e ."]

    again = run(machine, "setup.sh")
    assert (again.returncode, again.stdout) == (0, "")
    assert len(calls(machine)) == 1

    (machine / "constraints.txt").write_text("click==8.1.1\n", encoding="utf-8")
    assert run(machine, "setup.sh").returncode == 0
    assert len(calls(machine)) == 2


def test_setup_keeps_extras_that_were_installed_before(machine: Path) -> None:
    assert run(machine, "setup.sh", "dev").returncode == 0
    assert run(machine, "setup.sh").returncode == 0
    assert run(machine, "setup.sh", "bench").returncode == 0
    assert run(machine, "setup.sh", "dev").returncode == 0
    assert [call.rsplit(" ", 1)[1] for call in calls(machine)] == [".[dev]", ".[dev,bench]"]


def test_setup_tries_again_after_a_failed_installation(machine: Path) -> None:
    assert run(machine, "setup.sh", PIP_CODE="1").returncode == 1
    assert run(machine, "setup.sh").returncode == 0
    assert len(calls(machine)) == 2


def test_setup_makes_the_environment_anew_in_a_moved_folder(machine: Path) -> None:
    assert run(machine, "setup.sh").returncode == 0
    moved = machine.rename(machine.with_name("moved"))
    again = run(moved, "setup.sh")
    assert "Making the virtual environment" in again.stdout
    assert len(calls(moved)) == 2


def test_setup_says_what_to_install_where_venv_is_missing(machine: Path) -> None:
    failed = run(machine, "setup.sh", ENSUREPIP_CODE="1")
    assert failed.returncode == 1
    assert "python3.11 cannot make virtual environments. Run: apt-get install python3-venv" in failed.stderr
    assert not (machine / ".venv").exists()


def test_setup_says_what_to_install_where_python_is_missing(machine: Path) -> None:
    (machine.parent / "bin" / "python3.11").unlink()
    failed = run(machine, "setup.sh")
    assert failed.returncode == 1
    assert "No Python 3.11 or newer was found" in failed.stderr


# --- Chromium, and what may be left out --------------------------------------------------------------------


def test_chromium_is_found_by_name_and_only_if_it_starts(machine: Path) -> None:
    folder = machine.parent / "bin"
    write_tool(folder, "chromium", "#!/bin/bash\nexit 1\n")
    write_tool(folder, "chromium-browser", "#!/bin/bash\necho Chromium 1\n")
    found = run(machine, "chromium.sh")
    assert (found.returncode, found.stdout) == (0, f"{folder}/chromium-browser\n")


def test_named_chromium_that_does_not_start_is_an_error(machine: Path) -> None:
    wrong = run(machine, "chromium.sh", "--install", MOSAICOS_CHROMIUM="nowhere")
    assert wrong.returncode == 2
    assert "MOSAICOS_CHROMIUM=nowhere does not start" in wrong.stderr


@pytest.mark.parametrize(
    ("words", "found"), [([], "chromium-headless-shell"), (["--window"], "chromium")], ids=["shell", "window"]
)
def test_the_headless_shell_comes_first_unless_a_window_is_wanted(machine: Path, words: list[str], found: str) -> None:
    folder = machine.parent / "bin"
    for name in ("chromium", "chromium-headless-shell"):
        write_tool(folder, name, "#!/bin/bash\necho Chromium 1\n")
    looked = run(machine, "chromium.sh", *words)
    assert (looked.returncode, looked.stdout) == (0, f"{folder}/{found}\n")


def let_root_install(machine: Path, *packages: str) -> None:
    """A machine where one is root, and whose lists of packages name these; each installs a command of its name."""
    folder = machine.parent / "bin"
    write_tool(folder, "id", "#!/bin/bash\necho 0\n")
    known = "|".join(packages)
    write_tool(folder, "apt-cache", f"#!/bin/bash\ncase $2 in {known}) ;; *) exit 100 ;; esac\n")
    write_tool(
        folder,
        "apt-get",
        f"""#!/bin/bash
echo "${{!#}}" >>{machine}/calls
case ${{!#}} in
  update) ;;
  {known})
    printf '#!/bin/bash\\n' >{folder}/${{!#}}
    /bin/chmod +x {folder}/${{!#}}
    ;;
  *) exit 100 ;;
esac
""",
    )


SHELL, WINDOW = "chromium-headless-shell", "chromium"


@pytest.mark.parametrize(
    ("there", "packages", "words", "found", "installed"),
    [
        ([], [SHELL, WINDOW], [], SHELL, [SHELL]),
        ([], [WINDOW], [], WINDOW, [SHELL, WINDOW]),
        ([], [SHELL, WINDOW], ["--window"], WINDOW, [WINDOW]),
        ([WINDOW], [SHELL, WINDOW], [], SHELL, [SHELL]),
        ([WINDOW], ["other"], [], WINDOW, []),
        ([SHELL], [SHELL, WINDOW], [], SHELL, []),
    ],
    ids=["bare", "no shell in Debian", "window", "shell beside a window", "window is enough", "shell is there"],
)
def test_chromium_is_installed_by_root(
    machine: Path, there: list[str], packages: list[str], words: list[str], found: str, installed: list[str]
) -> None:
    for name in there:
        write_tool(machine.parent / "bin", name, "#!/bin/bash\n")
    let_root_install(machine, *packages)
    looked = run(machine, "chromium.sh", "--install", *words)
    assert (looked.returncode, looked.stdout) == (0, f"{machine.parent}/bin/{found}\n")
    assert [call for call in calls(machine) if call != "update"] == installed


@pytest.mark.parametrize(
    ("words", "package"),
    [([], SHELL), (["--install"], SHELL), (["--install", "--window"], WINDOW)],
)
def test_chromium_missing_says_the_line_to_run(machine: Path, words: list[str], package: str) -> None:
    missing = run(machine, "chromium.sh", *words)
    assert missing.returncode == 3
    assert f"Run: sudo apt-get install {package} (" in missing.stderr


NEEDED = {
    "browser": "chromium",
    "gdal": "ogr2ogr",
    "office": "soffice",
    "java": "java",
    "nginx": "nginx",
    "second_user": "setpriv",
}
"""The command that the tests of each marker need."""


@pytest.fixture
def whole_machine(machine: Path) -> Path:
    """A machine where one is root, with all tools of `NEEDED`, raw inputs and the minutes."""
    write_tool(machine.parent / "bin", "id", "#!/bin/bash\necho 0\n")
    for tool in NEEDED.values():
        write_tool(machine.parent / "bin", tool, "#!/bin/bash\n")
    (machine.parent / "shared" / "data").mkdir(parents=True)
    (machine.parent / "shared" / "docs").mkdir()
    (machine.parent / "shared" / "docs" / "minutes-cnm-cuf-2007-03.txt").touch()
    return machine


def test_whole_machine_runs_all_tests_and_gives_the_code_of_pytest(whole_machine: Path) -> None:
    server = {"MOSAICOS_TEST_POSTGRES_URL": "postgresql://127.0.0.1/test"}
    done = run(whole_machine, "run_tests.sh", "-k", "two words", CI="true", **server)
    assert done.returncode == 7
    assert calls(whole_machine)[-1] == f"-m pytest {SIDE_BY_SIDE} -k two words"
    assert "LEFT OUT" not in done.stdout


def test_bare_machine_announces_what_it_leaves_out(machine: Path) -> None:
    done = run(machine, "run_tests.sh")
    assert done.returncode == 7
    assert calls(machine)[-1] == (
        f"-m pytest {SIDE_BY_SIDE} "
        "-m not browser and not gdal and not office and not java and not nginx and not second_user and not inputs "
        "and not postgres"
    )
    assert "LEFT OUT: the tests marked 'browser'" in done.stdout
    assert "LEFT OUT: the tests marked 'inputs'" in done.stdout


def test_the_quick_run_asks_for_nothing_but_python(whole_machine: Path) -> None:
    done = run(whole_machine, "run_tests.sh", "--quick", "-x", MOSAICOS_TEST_POSTGRES_URL="postgresql://nowhere/test")
    assert done.returncode == 7
    left_out = " and ".join(f"not {one}" for one in (*NEEDED, "inputs", "postgres"))
    assert calls(whole_machine)[-1] == f"-m pytest {SIDE_BY_SIDE} -m {left_out} -x"
    refused = run(whole_machine, "run_tests.sh", "--quick", CI="true")
    assert refused.returncode == 1
    assert "CI=true: no test may be left out here" in refused.stderr


def test_a_choice_by_marker_is_joined_with_what_is_left_out(whole_machine: Path) -> None:
    run(whole_machine, "run_tests.sh", "-m", "not browser or gdal", "-x")
    assert calls(whole_machine)[-1] == f"-m pytest {SIDE_BY_SIDE} -m not postgres and (not browser or gdal) -x"


@pytest.mark.parametrize("missing", [*NEEDED, "inputs", "minutes", "postgres"])
def test_ci_leaves_nothing_out(whole_machine: Path, missing: str) -> None:
    server = {"MOSAICOS_TEST_POSTGRES_URL": "postgresql://127.0.0.1/test"}
    if missing in NEEDED:
        (whole_machine.parent / "bin" / NEEDED[missing]).unlink()
    elif missing == "inputs":
        (whole_machine.parent / "shared" / "data").rmdir()
    elif missing == "minutes":
        (whole_machine.parent / "shared" / "docs" / "minutes-cnm-cuf-2007-03.txt").unlink()
    else:
        server = {}
    done = run(whole_machine, "run_tests.sh", CI="true", **server)
    assert done.returncode == 1
    assert f"LEFT OUT: the tests marked '{missing}'" in done.stdout
    assert "CI=true: no test may be left out here" in done.stderr
    assert not any("pytest" in call for call in calls(whole_machine))


def test_named_inputs_that_are_missing_are_an_error(whole_machine: Path) -> None:
    done = run(whole_machine, "run_tests.sh", MOSAICOS_INPUTS="nowhere")
    assert done.returncode == 2
    assert "MOSAICOS_INPUTS=nowhere is not a folder" in done.stderr


# --- Pinned versions ---------------------------------------------------------------------------------------


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_pin_exact_versions_and_cover_every_dependency(project_root: Path, pyproject: dict) -> None:
    lines = (project_root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line)] == []

    pinned = [canonical(line.split("==")[0]) for line in pins]
    assert len(pinned) == len(set(pinned))
    extras = pyproject["project"]["optional-dependencies"]
    needed = [*pyproject["project"]["dependencies"], *(one for extra in extras.values() for one in extra)]
    names = {canonical(found[0]) for one in needed if (found := REQUIREMENT_NAME.match(one))}
    assert len(names) == len(needed)
    assert names - set(pinned) == set()
    assert canonical(pyproject["project"]["name"]) not in pinned


# --- The tree ----------------------------------------------------------------------------------------------


def check_tree(project_root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, project_root / "scripts" / "check_tree.py", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_tree_names_no_machine_path_and_no_registry(project_root: Path) -> None:
    looked = check_tree(project_root, project_root)
    assert looked.returncode == 0, looked.stdout


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("see " + "/tm" + "p/x", "a path of one machine"),
        ("'" + "/ho" + "me/ana/x'", "a path of one machine"),
        ("--index" + "-url=x", "a package registry's option"),
        ("https://pypi" + ".org/simple/", "a package registry's host"),
        ("https://example.org/a-1.0-py3-none-any" + ".whl", "the address of a package download"),
    ],
    ids=["path", "home", "option", "host", "download"],
)
def test_tree_check_finds_what_it_should(project_root: Path, tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "a.txt").write_text(f"first\n{text}\n", encoding="utf-8")
    looked = check_tree(project_root, tmp_path)
    assert looked.returncode == 1
    assert f"a.txt:2: {what}: " in looked.stdout


def test_tree_check_lets_addresses_and_relative_paths_pass(project_root: Path, tmp_path: Path) -> None:
    text = "https://example.org/home/x ../shared/data a/tmp/b ~/projects/x\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert check_tree(project_root, tmp_path).returncode == 0


# --- Licences, citation, documents -------------------------------------------------------------------------


def test_licence_is_the_whole_eupl(project_root: Path, pyproject: dict) -> None:
    text = (project_root / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\nEUPL © the European Union 2007, 2016\n")
    assert [int(number) for number in re.findall(r"^(\d+)\.\s*[A-Z]", text, flags=re.MULTILINE)] == [*range(1, 16)]
    assert "‘Compatible Licences’ according to Article 5 EUPL are:" in text
    assert pyproject["project"]["license"] == "EUPL-1.2"


def test_citation_can_be_read_and_fits_the_project(project_root: Path, pyproject: dict) -> None:
    citation = yaml.safe_load((project_root / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "type", "abstract"} <= set(citation)
    assert citation["version"] == pyproject["project"]["version"]
    assert citation["license"] == pyproject["project"]["license"]
    assert citation["authors"] == pyproject["project"]["authors"]


def test_changelog_names_the_version(project_root: Path, pyproject: dict) -> None:
    text = (project_root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(pyproject['project']['version'])}\b", text, flags=re.MULTILINE)


def test_data_notice_says_what_was_not_read(project_root: Path) -> None:
    text = (project_root / "LICENCE-DATA.md").read_text(encoding="utf-8")
    for words in ("IBGE", "IGN", "INSEE", "GeoNames", "CNUC", "FUNAI", "Licence Ouverte", "CC BY 4.0", "not read"):
        assert words in text
    assert "generalised and have no legal value" in text
    assert "computed, not official" in text


@pytest.fixture(scope="module")
def command_line(pyproject: dict) -> click.Group:
    """The command `mosaicos`, as it is installed."""
    (entry,) = entry_points(group="console_scripts", name=pyproject["project"]["name"])
    return entry.load()


def test_data_notice_names_every_declared_source(project_root: Path) -> None:
    text = (project_root / "LICENCE-DATA.md").read_text(encoding="utf-8")
    rows = {found[1]: found[0] for found in re.finditer(r"^\| `([a-z0-9-]+)` \|.*$", text, flags=re.MULTILINE)}
    assert set(rows) == set(SOURCES)
    unread = {name for name, row in rows.items() if "not read" in row}
    assert unread == {source.id for source in SOURCES.values() if not source.is_licence_read}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_commands_of_the_documents_exist(project_root: Path, command_line: click.Group, document: str) -> None:
    text = (project_root / document).read_text(encoding="utf-8")
    make_words = code_words(text, "make")
    assert make_words
    assert {words[1] for words in make_words} - make_targets(project_root) == set()

    for words in code_words(text, "mosaicos"):
        command = command_line.commands.get(words[1])
        assert command is not None, words
        options = {opt for parameter in command.params if isinstance(parameter, click.Option) for opt in parameter.opts}
        assert {word for word in words[2:] if word.startswith("--")} - options == set(), words


def test_readme_names_the_two_commands_and_every_subcommand(project_root: Path, command_line: click.Group) -> None:
    text = (project_root / "README.md").read_text(encoding="utf-8")
    assert {"dashboard", "test"} <= {words[1] for words in code_words(text, "make")}
    assert {words[1] for words in code_words(text, "mosaicos")} >= set(command_line.commands)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "LICENCE-DATA.md", "CHANGELOG.md"])
def test_links_of_the_documents_lead_to_files(project_root: Path, document: str) -> None:
    text = (project_root / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    assert [target for target in targets if not (project_root / target).exists()] == []
