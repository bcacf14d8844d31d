"""A genus name as known stem + known ending, Methano-bacter, both learned from a list of names and from nothing else.

How they are learned, in time linear in the letters (a cut is a place in a name; both its sides have a least length):

1.  For every cut, count the names that begin with its left side, B(p), and those that end with its right side, E(s).
2.  Each name votes for the ending at the cut of the largest (B(p) − 1)·(C(s) − 1), where at first C = E, then C = the
    votes. B falls steeply just after a boundary of morphemes and E just before it, so the product peaks there; the −1
    leaves out the name itself. After two rounds *Methan-obacter* has lost its votes to *Methano-bacter*.
3.  An ending is known with four votes, or one in 4,000 names of a longer list; not if it holds a more popular one
    (*idibacter*).
4.  A stem is known if two names continue it with different known endings; an ending that goes with fewer than three
    known stems is dropped again, until nothing changes.

The linking vowel o or i is the stem's: no cut stands before it if what follows could begin a word, that is, if a name
begins so or is so. Thus *Rhodovulum* is cut as Rhodo-vulum although its author means *ovum*: a list cannot know.

A suffix alone is no root (SeqCode 26.5): a known stem must stand before the ending, and endings shorter than four
letters, which are inflections (-ium, -ia), do not count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

SHORTEST_STEM = 3  # geo, azo, neo
SHORTEST_ENDING = 4
ROUNDS = 2  # more change nothing on real lists
VOTES = 4
NAMES_A_VOTE = 4000  # in longer lists, where chance makes endings too
ENDINGS_OF_A_STEM = 2
STEMS_OF_AN_ENDING = 3
LINKING = frozenset("oi")
VOWELS = frozenset("aeiouy")


@dataclass(frozen=True)
class Roots:
    """Known stems and endings, lowered. `words` are the names they come from, `onsets` the three letters these begin
    with: both tell a linking vowel from the beginning of a word."""

    stems: frozenset[str]
    endings: frozenset[str]
    words: frozenset[str]
    onsets: frozenset[str]

    @classmethod
    def of(cls, names: Sequence[str]) -> Roots:
        """What these names teach, in whatever order they come; the module says how."""
        words = frozenset(name.lower() for name in names)
        onsets = frozenset(word[:3] for word in words)
        votes = vote(words, onsets)
        enough = max(VOTES, len(words) // NAMES_A_VOTE)
        popular = {ending: count for ending, count in votes.items() if count >= enough}
        endings = {ending for ending in popular if not holds_a_more_popular_one(ending, popular)}
        while True:
            stems, fertile = pair(words, onsets, endings)
            if len(fertile) == len(endings):
                return cls(stems, frozenset(fertile), words, onsets)
            endings = fertile

    def split(self, name: str) -> tuple[str, str] | None:
        """(stem, ending) in the letters of the name: the longest known ending that stands after a known stem, or after
        several (Pseudo-desulfo-vibrio gives Pseudodesulfo, vibrio). None: arbitrary, as far as this list can tell."""
        word = name.lower()
        if len(word) != len(name):  # a few foreign capitals have two small letters
            return None
        for cut in cuts(word, self.words, self.onsets):
            if word[cut:] in self.endings and self.is_stem(word[:cut]):
                return name[:cut], name[cut:]
        return None

    def is_stem(self, text: str) -> bool:
        """Whether these small letters are a known stem, or known stems in a row."""
        ends = {0}  # where stems in a row can end
        for end in range(SHORTEST_STEM, len(text) + 1):
            if any(text[start:end] in self.stems for start in ends):
                ends.add(end)
        return len(text) in ends


def cuts(word: str, words: Collection[str], onsets: Collection[str]) -> Iterator[int]:
    """Where a word may be cut, the longest ending first: before no linking vowel, nor inside o- or i- of a name."""
    for cut in range(SHORTEST_STEM, len(word) - SHORTEST_ENDING + 1):
        if word[cut] in LINKING and word[cut + 1] not in VOWELS and word[cut + 1 : cut + 4] in onsets:
            if word[cut:] in words:  # Pseud-ochrobactrum
                yield cut
        elif not (word[cut - 1] in LINKING and word[cut - 1 :] in words):
            yield cut


def vote(words: Collection[str], onsets: Collection[str]) -> Counter[str]:
    """How many words choose each ending after the last round."""
    begin, end = Counter[str](), Counter[str]()
    for word in words:
        for cut in cuts(word, words, onsets):
            begin[word[:cut]] += 1
            end[word[cut:]] += 1
    # Cuts whose two sides occur in other names too; the others have the product 0 in every round.
    open_cuts = [
        [
            (begin[word[:cut]] - 1, word[cut:])
            for cut in cuts(word, words, onsets)
            if begin[word[:cut]] > 1 and end[word[cut:]] > 1
        ]
        for word in words
    ]
    votes = end
    for _ in range(ROUNDS):
        chosen = Counter[str]()
        for choices in open_cuts:
            score, ending = 0, ""
            for others, candidate in choices:  # the longest first: it wins a tie
                if others * (votes[candidate] - 1) > score:
                    score, ending = others * (votes[candidate] - 1), candidate
            if score:
                chosen[ending] += 1
        votes = chosen
    return votes


def holds_a_more_popular_one(ending: str, votes: dict[str, int]) -> bool:
    """Whether a shorter ending of at least as many votes is the end of this one."""
    return any(votes.get(ending[k:], 0) >= votes[ending] for k in range(1, len(ending) - SHORTEST_ENDING + 1))


def pair(words: Collection[str], onsets: Collection[str], endings: Collection[str]) -> tuple[frozenset[str], set[str]]:
    """The stems that stand before enough of these endings, and the endings that stand after enough of these stems."""
    after: defaultdict[str, set[str]] = defaultdict(set)
    for word in words:
        for cut in cuts(word, words, onsets):
            if word[cut:] in endings:
                after[word[:cut]].add(word[cut:])
                break
    stems = frozenset(stem for stem, found in after.items() if len(found) >= ENDINGS_OF_A_STEM)
    fertility = Counter(ending for stem in stems for ending in after[stem])
    return stems, {ending for ending in endings if fertility[ending] >= STEMS_OF_AN_ENDING}
