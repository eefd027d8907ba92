"""What can be wrong with the data that training is given, and with a run that is to go on."""

from inference.engine.errors import EngineError


class BadDataSet(EngineError):
    """The folder or table is not the layout it was said to be, or holds no film: tells the model manager."""

    code = "bad_data_set"


class BadRun(EngineError):
    """The run cannot begin, or cannot go on, with what it was given: tells the model manager; nothing was changed."""

    code = "bad_run"
