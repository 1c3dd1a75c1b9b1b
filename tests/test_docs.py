import importlib.util
import pathlib
import re
import shlex

import pytest

from kerasrecipes.cli.main import parser
from kerasrecipes.recipes import catalog

ROOT = pathlib.Path(__file__).parent.parent
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README.md")])
PROGRAM = ROOT / "benchmarks" / "docs_pages.py"


def identity(path):
    return str(path.relative_to(ROOT))


def blocks(text):
    """Return the code blocks between fences, as pairs of language and content."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text):
    """Return what the code blocks tell a reader to type, continued lines joined."""
    lines = "\n".join(content for _, content in blocks(text)).replace("\\\n", " ").splitlines()
    lines = [line.removeprefix("$ ") for line in lines]
    return [line for line in lines if line.startswith("kerasrecipes ")]


def anchors(text):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("docs_pages", PROGRAM)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program.pages()


def test_the_pages_of_the_families_are_what_the_program_makes(pages):
    stale = [
        path.name
        for path, text in pages.items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    assert stale == [], "run `make docs`"


def test_every_recipe_is_on_the_page_of_its_family(pages):
    for entry in catalog.entries().values():
        row = f"| `{entry.written.name}` |"
        assert row in pages[ROOT / "docs" / f"{entry.family}.md"]
        assert row in pages[ROOT / "docs" / f"{entry.architecture.replace('.', '/')}.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_every_relative_link_leads_to_a_file(document):
    text = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        leads_to = document.parent / path if path else document
        assert leads_to.exists(), target
        if anchor:
            assert anchor in anchors(leads_to.read_text("utf-8")), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_every_command_parses(document):
    for command in commands(document.read_text("utf-8")):
        # Not `comments=True`, which cuts "csv:wine.csv#quality" in two; a shell does not.
        parser().parse_args(shlex.split(re.sub(r"\s#.*", "", command))[1:])


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_no_document_names_a_folder_of_the_machine_it_was_written_on(document):
    assert not re.search(r"(?<![\w./])/(work|root|home|tmp)\b", document.read_text("utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_every_python_block_is_python(document):
    for language, content in blocks(document.read_text("utf-8")):
        if language == "python":
            compile(content, str(document), "exec")


def test_the_examples_of_callbacks_run():
    text = (ROOT / "docs" / "training.md").read_text("utf-8").partition("## Callbacks")[2]
    examples = [content for language, content in blocks(text) if language == "python"]
    assert len(examples) == 6
    exec("\n".join(examples), {})


def test_the_examples_of_the_page_of_callbacks_run(capsys):
    text = (ROOT / "docs" / "callbacks.md").read_text("utf-8")
    examples = [content for language, content in blocks(text) if language == "python"]
    assert len(examples) == 9
    exec("\n".join(examples), {})


def test_the_recipe_script_holds_a_recipe(tmp_path):
    text = (ROOT / "docs" / "adding_a_recipe.md").read_text("utf-8")
    (script,) = (content for language, content in blocks(text) if language == "python")
    (tmp_path / "small_net.py").write_text(script)
    recipe = catalog.get(f"{tmp_path / 'small_net.py'}:small_net")
    assert recipe.build((8, 8, 1), 10).output_shape == (None, 10)
