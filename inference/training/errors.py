"""What can be wrong with the data that training is given."""

from inference.engine.errors import EngineError


class BadDataSet(EngineError):
    """The folder or table is not the layout it was said to be, or holds no film: tells the model manager."""

    code = "bad_data_set"
