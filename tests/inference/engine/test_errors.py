"""An error says what was expected, what was received and what to do."""

from inference.engine.errors import BadBundle, UnreadableImage


def test_an_error_reads_as_sentences():
    error = BadBundle(expected="three labels", received="four", remedy="Register another bundle.")
    assert str(error) == "Expected three labels; received four. Register another bundle."
    assert error.code == "bad_bundle"


def test_a_code_of_its_own_stays_with_the_error():
    error = UnreadableImage(expected="a film", received="nothing", remedy="Send it again", code="truncated")
    assert error.code == "truncated"
    assert UnreadableImage.code == "not_an_image"
