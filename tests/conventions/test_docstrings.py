"""DESIGN section 9: every module says what it is; the rooms that others build on say it of all that is public."""

import ast

from tests.conventions.sources import product_modules, relative, tree

DOCUMENTED = ("inference/engine/", "inference/training/", "scans/workflow/")


def test_every_module_says_what_it_is():
    undocumented = [relative(path) for path in product_modules() if not ast.get_docstring(tree(path))]
    assert undocumented == []


def test_what_is_public_in_engine_training_and_workflow_says_what_it_does():
    silent = [
        f"{relative(path)}:{node.name}"
        for path in product_modules()
        if relative(path).startswith(DOCUMENTED)
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
