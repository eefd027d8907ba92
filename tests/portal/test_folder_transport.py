"""The folder broker: a message is seen whole or not at all, and a damaged one is a lost ring, not a dead worker."""

import threading
from queue import Empty

import pytest
from kombu import Connection

from portal import broker


@pytest.fixture
def channel(tmp_path):
    url, options = broker.transport("", tmp_path)
    with Connection(url, transport_options=options) as connection:
        yield connection.channel()


def test_what_is_put_is_got_in_order(channel):
    for number in range(3):
        channel._put("inference", {"number": number})

    assert {channel._get("inference")["number"] for _ in range(3)} == {0, 1, 2}
    with pytest.raises(Empty):
        channel._get("inference")


def test_a_queue_is_not_given_anothers_message(channel):
    channel._put("maintenance", {})

    with pytest.raises(Empty):
        channel._get("inference")
    assert channel._get("maintenance") == {}


def test_a_message_being_written_is_not_read(channel, tmp_path):
    (tmp_path / "messages" / "1_x.inference.writing").write_text("")

    with pytest.raises(Empty):
        channel._get("inference")


@pytest.mark.parametrize("content", ["", "{half"])
def test_a_damaged_message_is_dropped(channel, tmp_path, content):
    (tmp_path / "messages" / "0_x.inference.msg").write_text(content)
    channel._put("inference", {"whole": True})

    with pytest.raises(Empty):
        channel._get("inference")
    assert channel._get("inference") == {"whole": True}


def test_a_reader_beside_a_writer_gets_every_message_whole(channel, tmp_path):
    count, got = 2000, []
    url, options = broker.transport("", tmp_path)

    def write() -> None:
        with Connection(url, transport_options=options) as connection:
            other = connection.channel()
            for number in range(count):
                other._put("inference", {"number": number, "padding": "x" * 500})

    writer = threading.Thread(target=write)
    writer.start()
    while len(got) < count and (writer.is_alive() or channel._size("inference")):
        try:
            got.append(channel._get("inference")["number"])
        except Empty:
            continue
    writer.join()

    assert sorted(got) == list(range(count))
