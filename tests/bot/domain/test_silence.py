"""When the API is silent, and when it is back."""

from bot.domain.poll_schedule import Silence


def test_only_an_answer_after_silence_ends_waits() -> None:
    silence = Silence()
    assert not silence.is_broken()  # nothing has failed
    silence.note_failure(0.0, is_silence=True)
    assert not silence.is_look_due(4.9)
    assert silence.is_look_due(5.0)
    assert not silence.is_look_due(9.9)
    assert not silence.is_broken()  # the list was answered all the while: only submits are lost
    silence.note_list_failure(is_silence=False)  # refused, which proves nothing
    assert not silence.is_broken()
    silence.note_list_failure(is_silence=True)
    silence.note_failure(20.0, is_silence=True)  # a try in between changes nothing
    assert silence.is_broken()
    assert not silence.is_broken()  # only once


def test_what_the_api_itself_has_refused_is_no_silence() -> None:
    silence = Silence()
    silence.note_failure(0.0, is_silence=True)
    silence.note_list_failure(is_silence=True)
    silence.note_failure(5.0, is_silence=False)
    assert not silence.is_look_due(100.0)
    assert not silence.is_broken()


def test_an_answer_to_a_query_ends_the_silence_of_queries_only() -> None:
    silence = Silence()
    silence.note_failure(0.0, is_silence=True)
    assert not silence.is_broken(by_query=True)  # queries were answered all the while
    silence.note_queries(1.0)
    assert not silence.is_broken()
    assert silence.is_broken(by_query=True)
    assert not silence.is_broken(by_query=True)
