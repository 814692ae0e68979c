"""The vocabulary: frozen dataclasses, enums and the error tree. Standard library only."""
