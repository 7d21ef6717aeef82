__version__ = "0+source"
