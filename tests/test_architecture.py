"""Who may import whom, as `docs/architecture.md` says: imports point one way."""

import ast
from collections.abc import Iterator
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


def modules(package: str) -> list[str]:
    """The dotted names of a package's modules."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported(module: str) -> set[str]:
    """Everything of ours that a module imports, also inside functions; not what only type checkers see."""
    tree = ast.parse(file_of(module).read_text(encoding="utf-8"))
    return {name for name in _imported(tree) if name.split(".")[0] in OURS}


def _imported(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(origin), names=names):
                yield origin
                yield from (f"{origin}.{alias.name}" for alias in names if file_of(f"{origin}.{alias.name}").exists())
            case _:
                yield from _imported(child)


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


def test_what_people_ask_and_what_is_done_meet_in_the_rows_only() -> None:
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
