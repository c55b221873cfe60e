"""Lists the swear words: how each is written, where it is one, and what a mild speaker would say.

Korean swear words are pieces of clean words too (병역 신고 is none, nor 영향을 미친 것 or 시발점), so a rule says
where its word begins and ends, what it needs on its left and what forbids it near by. Slurs against
groups are left to the toxicity classifier.
"""

from clova_jax.corpus.clean.profanity.curses import CURSES
from clova_jax.corpus.clean.profanity.insults import INSULTS
from clova_jax.corpus.clean.profanity.vulgar import VULGAR

RULES = (*CURSES, *INSULTS, *VULGAR)
