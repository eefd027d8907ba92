"""What can go wrong in the engine; the class says who hears about it and whether trying again can help."""


class EngineError(Exception):
    """Base of every engine error.

    Raise a subclass. `expected`, `received` and `remedy` are parts of sentences for the reader of the
    message; `code` (snake_case) is for programs and defaults to the class attribute.
    """

    code = "engine_error"

    def __init__(self, *, expected: str, received: str, remedy: str, code: str | None = None) -> None:
        self.expected = expected
        self.received = received
        self.remedy = remedy
        if code is not None:
            self.code = code
        super().__init__(expected, received, remedy)

    def __str__(self) -> str:
        return f"Expected {self.expected}; received {self.received}. {self.remedy.rstrip('.')}."


class UnreadableImage(EngineError):
    """The file cannot be used: tells the uploader; trying again cannot help."""

    code = "not_an_image"


class BadBundle(EngineError):
    """The model's folder is not what its card says: tells the model manager; trying again cannot help."""

    code = "bad_bundle"


class BadPrecision(BadBundle):
    """The model may not, or cannot, compute as it was asked to: tells the operator; trying again cannot help."""

    code = "bad_precision"


class EngineBusy(EngineError):
    """The engine cannot answer now: passes with time, so the caller tries again."""

    code = "engine_busy"
