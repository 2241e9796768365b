"""What of this folder is no test: settings of the site, and scripts that it runs."""

collect_ignore_glob = ["conf.py", "conftest.py", "_build/*", "_ext/*", "examples/*", "gallery/*"]
