"""Who may import whom, as `docs/architecture.md` says: imports point one way."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"bot", "common", "handlers", "storage", "stylizer", "bench", "tests", "chaos"}
MAY_IMPORT = {
    "common": set(),
    "storage": {"common"},
    "stylizer": {"common"},
    "bot": {"common", "storage"},
    "handlers": {"bot", "common"},
}
SEES_ALL = {"bot.app", "bot.__main__"}
LAYERS = (  # of bot/, from the ground up: a package imports what lies below it, and nothing beside or above it
    *({"imaging", "dashscope", "runtime"}, {"domain"}, {"i18n"}, {"messaging"}, {"config"}, {"cluster"}, {"groups"}),
    *({"jobs"}, {"billing", "saved_styles", "privacy"}, {"delivery", "worker"}, {"http", "admin"}, {"conversation"}),
    *({"services"}, {"roles"}, {"app"}, {"__main__"}),
)
LAYER_OF = {package: number for number, layer in enumerate(LAYERS) for package in layer}


def modules(package: str) -> list[str]:
    """The dotted names of a package's modules."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported(module: str, *, types: bool = False) -> set[str]:
    """Everything of ours that a module imports, also inside functions. `types`: also what only type checkers see."""
    tree = ast.parse(file_of(module).read_text(encoding="utf-8"))
    return {name for name in _imported(tree, types) if name.split(".")[0] in OURS}


def _imported(node: ast.AST, types: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) if not types:
                continue
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(origin), names=names):
                yield origin
                yield from (f"{origin}.{alias.name}" for alias in names if file_of(f"{origin}.{alias.name}").exists())
            case _:
                yield from _imported(child, types)


def reached(module: str) -> set[str]:
    """Everything of ours that comes along with a module."""
    seen, todo = set(), {module}
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= {found for found in imported(name) if file_of(found).exists()} - seen
    return seen - {module}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    allowed = {package, *MAY_IMPORT[package]}
    wrong = {
        f"{module} imports {name}"
        for module in modules(package)
        if module not in SEES_ALL
        for name in imported(module)
        if name.split(".")[0] not in allowed
    }
    assert wrong == set()


def upward_imports(imports: Mapping[tuple[str, str], str]) -> set[str]:
    """Imports between packages of bot/ that do not go down. `imports`: an example for each pair of packages."""
    return {example for (origin, target), example in imports.items() if LAYER_OF[origin] <= LAYER_OF[target]}


def package_imports() -> dict[tuple[str, str], str]:
    """Which package of bot/ imports which, types included, each with an example."""
    pairs = {}
    for module in modules("bot"):
        for name in imported(module, types=True):
            origin, target = module.split(".")[1:2], name.split(".")[1:2]
            if name.startswith("bot.") and origin and origin != target:
                pairs[origin[0], target[0]] = f"{module} imports {name}"
    return pairs


def test_every_package_of_the_bot_has_a_layer() -> None:
    assert {module.split(".")[1] for module in modules("bot") if "." in module} == set(LAYER_OF)


def test_the_packages_of_the_bot_import_downward_only() -> None:
    """So no package imports one that imports it, directly or through others."""
    assert upward_imports(package_imports()) == set()


def test_an_import_upward_or_beside_would_be_found() -> None:
    wrong = {("domain", "jobs"): "up", ("billing", "privacy"): "beside", ("jobs", "domain"): "down"}
    assert upward_imports(wrong) == {"up", "beside"}


def test_requests_and_workers_share_only_database_rows() -> None:
    assert "bot.worker.dispatcher" not in reached("bot.jobs.service")
    assert "bot.jobs.service" not in reached("bot.worker.dispatcher")
    assert "storage.jobs" in reached("bot.jobs.service") & reached("bot.worker.dispatcher")


def test_platforms_do_not_know_each_other() -> None:
    platforms = {path.name for path in (ROOT / "handlers").iterdir() if (path / "__init__.py").exists()}
    assert len(platforms) >= 2
    for platform in platforms:
        for module in modules(f"handlers/{platform}"):
            names = {name.split(".")[1] for name in imported(module) if name.startswith("handlers.")}
            assert names <= {platform}, module


def test_no_platform_is_named_in_the_core() -> None:
    named = {
        f"{module} imports {name}"
        for module in modules("bot")
        if module not in SEES_ALL
        for name in imported(module)
        if name.startswith("handlers")
    }
    assert named == set()


def test_no_product_code_imports_the_tests() -> None:
    for package in MAY_IMPORT:
        for module in modules(package):
            assert not {name for name in imported(module) if name.startswith(("tests", "bench", "chaos"))}, module


def test_the_parser_sees_what_it_should() -> None:
    assert "storage.jobs" in imported("bot.jobs.service")
    assert "handlers.web" in imported("bot.app")
