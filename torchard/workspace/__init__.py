"""One lab on its controller: its locks and its artefacts."""
