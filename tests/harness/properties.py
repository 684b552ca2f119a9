"""What the property tests have in common: their pace, and the words that people might write."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from chaos.fuzz_text import EMOJI, HOSTILE_TEXTS

# The same examples in every run: a failure is one for everybody, and can be looked at.
QUICK = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEW = settings(QUICK, max_examples=40)

ODD_LETTERS = "\0\u202e\u2066\u200b\u0300\u0489\ufeff\U000e0041\n\r\t @/:=→-_#٣３²" + EMOJI
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
WORDS = st.one_of(
    ANY_TEXT,
    st.text(ODD_LETTERS + "abcSTYLEstyle风格 0123456789", max_size=80),
    st.sampled_from([words for words in HOSTILE_TEXTS if "\ud800" not in words]),
    st.builds(lambda words, times: words * times, st.sampled_from([*EMOJI, "a\u0300", "\u202e"]), st.integers(1, 4096)),
)
