"""What is installed is what is in the folders, once each, and no more is imported than needed."""

import ast
import configparser
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
FOLDERS = ("callbacks", "cli", "docs", "recipes", "tuning")


def folders_with_code():
    for folder in FOLDERS:
        for init in (ROOT / folder).rglob("__init__.py"):
            yield init.parent.relative_to(ROOT)


def test_setup_cfg_lists_every_package_with_its_folder():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    packages = config["options"]["packages"].split()
    mapped = dict(
        line.split(" = ") for line in config["options"]["package_dir"].strip().splitlines()
    )
    there = {f"kerasrecipes.{'.'.join(path.parts)}": str(path) for path in folders_with_code()}
    assert mapped == there
    assert sorted(packages) == sorted(there)


def test_every_folder_with_python_files_is_a_package():
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            assert (file.parent / "__init__.py").is_file(), file


def test_no_file_is_imported_under_two_names():
    files = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and pathlib.Path(file).is_relative_to(ROOT) and ".venv" not in file:
            files.setdefault(file, set()).add(name)
    assert {file: names for file, names in files.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    "code",
    [
        "from kerasrecipes import recipes, callbacks, tuning",
        "from kerasrecipes.recipes import Recipe, Figure, names; names()",
        "from kerasrecipes.recipes import data; data.names()",
        "from kerasrecipes.tuning.spaces import ranges_of; ranges_of(['batch_size=32,64'])",
        "from kerasrecipes.cli.main import main; main(['list'])",
        "from kerasrecipes.recipes import data; data.expect_available('digits')",
        "from kerasrecipes.cli.main import main; main(['data', 'list'])",
    ],
)
def test_what_needs_no_tensorflow_loads_none(code):
    heavy = "{'tensorflow', 'keras', 'tensorflow_datasets', 'matplotlib', 'sklearn', 'PIL'}"
    code += f"; import sys; found = {heavy} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_help_and_list_answer_in_a_third_of_a_second():
    import time

    for command in (["--help"], ["list"]):
        best = min(_seconds(command, time) for _ in range(3))
        assert best < 0.3, f"{command} took {best:.2f} s"


def _seconds(command, time):
    begin = time.perf_counter()
    script = pathlib.Path(sys.executable).parent / "kerasrecipes"
    subprocess.run([script, *command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def test_no_module_is_called_utils_and_none_lies_at_the_root():
    assert list(ROOT.glob("*.py")) == []
    for folder in FOLDERS:
        assert list((ROOT / folder).rglob("util*.py")) == []


def test_architecture_files_use_keras_alone():
    for family in ("foundations", "vision"):
        for file in (ROOT / "recipes" / family).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                assert "tensorflow" not in names, file
