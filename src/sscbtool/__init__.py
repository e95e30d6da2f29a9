"""sscbtool: reconciles what partner agencies send with what a safeguarding board publishes."""

__version__ = "0.1.0"
