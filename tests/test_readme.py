import pathlib
import re
import shlex
import sys

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_table_is_the_one_that_the_figures_make(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import results_table

    assert results_table.with_table(README) == README
    sys.modules.pop("results_table")


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    commands = re.findall(r"^\$ make (\w+)", README, re.MULTILINE)
    assert commands == ["demo", "test"]
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


def test_the_recipe_script_of_the_readme_holds_a_recipe(tmp_path):
    from kerasrecipes.recipes import catalog

    (script,) = re.findall(r"```python\n# my_recipe\.py\n(.*?)```", README, re.DOTALL)
    (tmp_path / "my_recipe.py").write_text(script)
    assert catalog.get(str(tmp_path / "my_recipe.py")).name == "wide_mlp_digits"


def test_every_command_of_the_readme_parses():
    from kerasrecipes.cli.main import parser

    for line in re.findall(r"^\$ kerasrecipes (.*)$", README, re.MULTILINE):
        parser().parse_args(shlex.split(line))
