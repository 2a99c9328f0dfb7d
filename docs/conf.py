"""Settings of the documentation site: `make docs`. It is built and read without a network."""

import sys
from pathlib import Path

from sphinx.domains.python import PyObject

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from muslin.version import version as installed_version  # noqa: E402

# Napoleon writes the section "Attributes" of a docstring as this field.
for field in PyObject.doc_field_types:
    if field.name == "variable":
        field.label = "Attributes"

project = "Muslin"
author = "the Muslin project"
copyright = "the Muslin project, Apache-2.0"  # noqa: A001
release = installed_version()
html_title = f"Muslin {release}"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_nb",
    "command_pages",
    "example_pages",
    "package_pages",
    "paper_notes",
]
# Pages of the source take half of the time and cannot warn; `-t quick` leaves them out.
if not tags.has("quick"):  # noqa: F821 - Sphinx gives it
    extensions.append("sphinx.ext.viewcode")
exclude_patterns = ["_build", "_ext"]
source_suffix = {".md": "myst-nb"}

# Notebooks run once, and again when their text changes; `-D nb_execution_mode=off` shows text only.
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True
# Nothing comes from a network: no widgets, no formulas that need a server's fonts.
nb_ipywidgets_js = {}
# `single` backticks in docstrings mean code: what they name is linked where it is documented.
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_linkify_fuzzy_links = False

autodoc_member_order = "bysource"
# Operators and classifiers are called, so their call is documented like a method.
autodoc_default_options = {"special-members": "__call__"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["muslin.css"]
html_copy_source = False
html_show_sphinx = False
