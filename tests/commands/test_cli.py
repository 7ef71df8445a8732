"""The command line's frame: quick help, one-line errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from ewardrobe import __main__ as cli
from ewardrobe import commands


def run(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess:
    start = ["-c", code] if code else ["-m", "ewardrobe"]
    return subprocess.run([sys.executable, *start, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def command(monkeypatch):
    """Put one command, ``try``, in the place of all; the function given to it is its ``run``."""

    def install(function):
        module = SimpleNamespace(add_arguments=lambda parser: None, run=function)
        monkeypatch.setattr(cli, "command_names", lambda: ["try"])
        monkeypatch.setattr(cli, "summary", lambda name: "tries")
        monkeypatch.setattr(cli, "load_command", lambda name: module)

    return install


def raising(error: BaseException):
    def function(args):
        raise error

    return function


def test_help_lists_every_command():
    answer = run("--help")
    assert answer.returncode == 0
    for name in commands.command_names():
        assert name in answer.stdout
        assert commands.summary(name)
        assert commands.summary(name)[:20] in answer.stdout


def test_help_imports_no_torch():
    code = "import sys; from ewardrobe.__main__ import build_parser; build_parser([]); print(sorted(sys.modules))"
    modules = run(code=code).stdout
    for heavy in ("torch", "numpy", "cv2", "pandas", "ultralytics", "streamlit"):
        assert f"'{heavy}'" not in modules


@pytest.mark.parametrize("name", commands.command_names())
def test_every_command_has_help_and_a_run(name):
    module = commands.load_command(name)
    assert callable(module.run)
    with pytest.raises(SystemExit) as stop:
        cli.build_parser([name]).parse_args([name, "--help"])
    assert stop.value.code == 0


def test_unknown_command_names_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["iron"])
    assert stop.value.code == cli.EXIT_USAGE
    assert "iron" in capsys.readouterr().err


def test_exit_code_is_the_commands(command):
    command(lambda args: 1)
    assert cli.main(["try"]) == 1
    command(lambda args: None)
    assert cli.main(["try"]) == 0


@pytest.mark.parametrize("name", sorted(cli.EXPECTED_ERRORS))
def test_expected_error_is_one_line(command, capsys, name):
    kind = type(name, (ValueError,), {"__module__": "ewardrobe.somewhere"})
    command(raising(type("Special", (kind,), {})("photo.jpg is empty: save it again")))
    assert cli.main(["try"]) == cli.EXIT_USAGE
    assert capsys.readouterr().err == "ewardrobe try: photo.jpg is empty: save it again\n"


def test_somebody_elses_error_of_the_same_name_keeps_its_traceback(command):
    command(raising(type("ImageError", (ValueError,), {"__module__": "other"})("no")))
    with pytest.raises(ValueError, match="no"):
        cli.main(["try"])


def test_unexpected_error_keeps_its_traceback(command):
    command(raising(ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError):
        cli.main(["try"])


def test_ctrl_c_is_no_traceback(command, capsys):
    command(raising(KeyboardInterrupt()))
    assert cli.main(["try"]) == cli.EXIT_INTERRUPTED
    assert capsys.readouterr().err == "interrupted\n"


def test_reader_that_goes_away_is_no_error():
    code = (
        "import sys\nfrom types import SimpleNamespace\nfrom ewardrobe import __main__ as cli\n"
        "def run(args):\n    for _ in range(200000): print('a garment')\n"
        "cli.command_names = lambda: ['try']\n"
        "cli.summary = str\ncli.load_command = lambda n: SimpleNamespace(add_arguments=id, run=run)\n"
        "sys.exit(cli.main(['try']))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == cli.EXIT_PIPE
        assert process.stderr.read() == b""
