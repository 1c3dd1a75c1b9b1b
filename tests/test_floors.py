"""Dependencies point one way: a module imports only from floors below its own."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parent.parent

# What is on a floor, from the ground up. A name ending in a dot takes everything under it.
FLOORS = (
    ("callbacks.", "recipes.errors", "recipes.regularization", "recipes.ranges"),
    ("recipes.atomic", "recipes.rehearsals.random_state", "recipes.recipe", "recipes.replicas",
     "recipes.layers.", "recipes.pictures", "recipes.page", "recipes.page_style",
     "recipes.record_parts", "recipes.precision", "recipes.shared_normalization",
     "recipes.processes."),
    ("recipes.schedules", "recipes.losses", "recipes.metrics", "recipes.source",
     "recipes.measured", "recipes.runs.history", "recipes.drawings."),
    ("recipes.data.", "recipes.distribute.", "recipes.steps", "recipes.architecture",
     "recipes.optimizers"),
    ("recipes.models.", "recipes.regularizing"),
    ("recipes.tasks.",),
    ("recipes.foundations.", "recipes.vision.", "recipes.segmentation.", "recipes.sequence.",
     "recipes.generative.", "recipes.graph.", "recipes.reinforcement."),
    ("recipes.catalog", "recipes.recipe_faults"),
    ("recipes.recipe_data", "recipes.preparing", "recipes.fitting", "recipes.scaling"),
    ("recipes.runs.", "recipes.serving.", "recipes.rehearsals.subject"),
    ("recipes.runs.finish", "recipes.rehearsals."),
    ("recipes.checks.",),
    ("recipes.training", "recipes.runs.revisit"),
    ("recipes.rehearsals.subjects", "recipes.checks.checking",
     "recipes.rehearsals.learning_rate_finder", "recipes.uncertainty.",
     "recipes.cross_validation"),
    ("recipes",),
    ("tuning.",),
    ("cli.",),
)  # fmt: skip


def floor(module):
    """Return the number of the floor whose name for the module says most."""
    fitting = [
        (len(name), number)
        for number, names in enumerate(FLOORS)
        for name in names
        if module == name.rstrip(".") or (name.endswith(".") and module.startswith(name))
    ]
    assert fitting, f"{module} stands on no floor: give it one in FLOORS"
    return max(fitting)[1]


def modules():
    for folder in ("callbacks", "recipes", "tuning", "cli"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def imports(module, file):
    """Yield the modules of this package that a file imports."""
    known = dict(modules())
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    tree = ast.parse(file.read_text("utf-8"))
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []  # names for a type checker are not imported when the code runs
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(a.name.startswith("kerasrecipes") for a in node.names), (
                f"{file}: imports inside the packages are relative"
            )
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            base += (node.module or "").split(".") if node.module else []
            for alias in node.names:
                whole = ".".join([*base, alias.name])
                yield whole if whole in known else ".".join(base)


def test_every_import_points_down():
    wrong = [
        f"{module} imports {other}"
        for module, file in modules()
        for other in imports(module, file)
        if other and other != module and floor(other) > floor(module)
    ]
    assert wrong == []


def test_callbacks_know_nothing_of_recipes():
    for module, file in modules():
        if module.startswith("callbacks"):
            assert all(other.startswith("callbacks") for other in imports(module, file)), module


def test_nothing_imports_the_command_line():
    for module, file in modules():
        if not module.startswith("cli"):
            assert not any(other.startswith("cli") for other in imports(module, file)), module
