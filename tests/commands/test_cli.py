"""The command line's frame: quick help, one-line errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fashion_files import write_split

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


WITHOUT_PYTORCH = """
import runpy, sys
for name in ("torch", "torchvision", "ultralytics", "lightning_fabric"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
"""


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (["ewardrobe", "benchmark", "exports", "--data", "."], "pip install -r requirements.txt"),
        (["train.unet", "--help"], "pip install -r requirements.txt -r requirements-train.txt"),
        (["train.card"], "pip install -r requirements.txt -r requirements-train.txt"),
        (["train.attributes", "--help"], "pip install -r requirements.txt -r requirements-train.txt"),
    ],
)
def test_what_needs_pytorch_says_so_where_only_the_app_is_installed(words, cure):
    done = run(*words, code=WITHOUT_PYTORCH)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "torch" in done.stderr and cure in done.stderr


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
    assert capsys.readouterr().err == "interrupted: nothing was changed; the same command begins anew\n"


def test_a_file_that_the_system_refuses_is_told_in_one_line(command, capsys):
    command(lambda args: Path("/no/such/file").read_bytes())
    assert cli.main(["try"]) == cli.EXIT_USAGE
    told = "No such file or directory; check the file, its folder and their permissions"
    assert capsys.readouterr().err == f"ewardrobe try: /no/such/file: {told}\n"


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


@pytest.mark.parametrize("value", ["foo", "0", "-1", "²", "1.5"])
def test_a_wrong_setting_is_told_in_one_line(monkeypatch, capsys, value):
    monkeypatch.setenv("EWARDROBE_THREADS", value)
    monkeypatch.setattr("ewardrobe.core.process._chosen_threads", None)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cli.main(["doctor"]) == 2
    told = capsys.readouterr().err
    assert told == f"ewardrobe doctor: EWARDROBE_THREADS={value!r}: expected a whole number from 1 to 9999\n"


@pytest.mark.parametrize("name", ["EWARDROBE_RUNTIME", "EWARDROBE_PRECISION"])
def test_a_runtime_that_is_none_is_told_in_one_line(monkeypatch, capsys, command, name):
    from ewardrobe.models import inference

    choose = {"EWARDROBE_RUNTIME": inference.choose_runtime, "EWARDROBE_PRECISION": inference.choose_precision}[name]
    monkeypatch.setenv(name, "foo")
    command(lambda args: choose())
    assert cli.main(["try"]) == 2
    assert capsys.readouterr().err.startswith(f"ewardrobe try: {name}='foo': expected one of ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("evaluate-duplicates", "--data", "x", "--limit", "0"), "expected a whole number from 1, got 0"),
        (
            ("evaluate-duplicates", "--data", "x", "--seed", "-1"),
            "expected a whole number from 0 to 4294967295, got -1",
        ),
        (("refine-report", "--data", "x", "--min-score", "nan"), "expected a number from 0 to 1, such as 0.5, got nan"),
        (("digitize", "x.jpg", "--workers", "0"), "expected a whole number from 1, got 0"),
        (("search", "a dress", "--top", "-5"), "expected a whole number from 1, got -5"),
        (("evaluate", "--data", "x", "--resamples", "-1"), "expected a whole number from 0, got -1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(capsys, words, told):
    with pytest.raises(SystemExit, match="2"):
        cli.main(list(words))
    assert told in capsys.readouterr().err


def test_a_report_of_nothing_is_an_error(tmp_path, capsys):
    write_split(tmp_path, 2)
    for photo in (tmp_path / "validation/image").iterdir():
        photo.write_bytes(b"")
    assert cli.main(["refine-report", "--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "not one photo could be judged; the first fault: " in told
    assert "the file is empty" in told
