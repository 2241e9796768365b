"""Settings of the documentation site; `make -C docs html` builds it."""

import sys
from pathlib import Path

from numpydoc.xref import DEFAULT_LINKS

import levysde

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "levysde"
author = "The levysde developers"
version = release = levysde.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "plain_docstrings",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_build",
    "gallery",
    "**.ipynb_checkpoints",
    "examples/*.ipynb",
    "examples/*.py",
]
default_role = "py:obj"

# Single backticks in docstrings link where they name something public and are code elsewhere.
# Explicit references, such as :func:`...`, must resolve.
nitpicky = True
nitpick_ignore_regex = [("py:obj", r".*")]

suppress_warnings = ["config.cache"]  # the gallery is configured with a function

autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autosummary_filename_map = {  # where names differ by case alone
    "levysde.Noise": "levysde.Noise-class",
    "levysde.Sweep": "levysde.Sweep-class",
    "levysde.Trajectories": "levysde.Trajectories-class",
    "levysde.Visits": "levysde.Visits-class",
}
numpydoc_show_class_members = False
# Types of parameters link to the classes of the package and are plain words otherwise.
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {word: word for word in DEFAULT_LINKS}
numpydoc_xref_aliases |= {name: f"levysde.{name}" for name in levysde.__all__ if name[0].isupper()}
maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "cache"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_output_stderr = "remove"  # progress bars

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"\.py$",
    "image_scrapers": ("saved_figures.saved_figures",),
    "reset_modules": (),
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "capture_repr": (),
    "min_reported_time": 1e6,
    "abort_on_example_error": False,
}

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "collapse_navigation": True,
    "navigation_depth": 2,
    "header_links_before_dropdown": 6,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "logo": {"text": "levysde"},
}
html_sidebars = {"index": [], "examples/**": []}
html_title = f"levysde {levysde.__version__}"
html_static_path = ["_static"]
html_css_files = ["levysde.css"]
html_copy_source = False
html_show_sourcelink = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
